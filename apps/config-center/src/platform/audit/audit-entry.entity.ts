/** One line of the audit trail. Rows are only ever inserted. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('audit_log')
export class AuditEntryEntity {
  /** Without gaps, in the order of commits. */
  @PrimaryColumn({ type: 'int' })
  seq!: number;

  @Column({ type: 'datetime', precision: 3 })
  time!: Date;

  @Column({ type: 'int', nullable: true })
  actor_id!: number | null;

  @Column({ type: 'varchar', length: 64 })
  actor_name!: string;

  @Column({ type: 'varchar', length: 64, nullable: true })
  actor_address!: string | null;

  @Column({ type: 'varchar', length: 128, nullable: true })
  request_id!: string | null;

  @Column({ type: 'varchar', length: 40 })
  action!: string;

  @Column({ type: 'varchar', length: 50 })
  object_type!: string;

  @Column({ type: 'int', nullable: true })
  object_id!: number | null;

  /** `done`, or the code of the error that refused it. */
  @Column({ type: 'varchar', length: 40 })
  outcome!: string;

  /** The configuration revision it made. */
  @Column({ type: 'int', nullable: true })
  revision!: number | null;

  @Column({ type: 'json', nullable: true })
  before_value!: object | null;

  @Column({ type: 'json', nullable: true })
  after_value!: object | null;

  @Column({ type: 'varchar', length: 64 })
  previous_hash!: string;

  @Column({ type: 'varchar', length: 64 })
  hash!: string;
}
