/** The end of the audit chain: one row, locked by whoever appends. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

export const AUDIT_HEAD_ID = 1;

@Entity('audit_head')
export class AuditHeadEntity {
  @PrimaryColumn({ type: 'int' })
  head_id!: number;

  @Column({ type: 'int' })
  last_seq!: number;

  @Column({ type: 'varchar', length: 64 })
  last_hash!: string;
}
