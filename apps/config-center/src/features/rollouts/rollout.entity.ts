/** A change that some instance groups run before the others. */
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

export type RolloutState = 'active' | 'promoted' | 'abandoned';

@Entity('rollouts')
export class RolloutEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  rollout_id!: number;

  /** That made the change. */
  @Column({ type: 'int' })
  revision!: number;

  @Column({ type: 'json' })
  instance_groups!: string[];

  @Column({ type: 'varchar', length: 20 })
  state!: RolloutState;

  /** That promoted or abandoned it. */
  @Column({ type: 'int', nullable: true })
  ended_revision!: number | null;
}
