/** One callable address of an upstream. The credential is stored sealed. */
import type { SealedSecret } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('upstream_targets')
export class TargetEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  target_id!: number;

  @Column({ type: 'int' })
  upstream_id!: number;

  @Column({ type: 'varchar', length: 2000 })
  url!: string;

  @Column({ type: 'int' })
  weight!: number;

  @Column({ type: 'json', nullable: true })
  credential!: SealedSecret | null;

  @Column({ type: 'json' })
  model_map!: Record<string, string>;

  @Column({ type: 'json' })
  labels!: Record<string, string>;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
