/** What instances outside a rollout's groups go on running. */
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../database/stored.entity.js';

@Entity('held_values')
export class HeldValueEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  held_value_id!: number;

  @Column({ type: 'int' })
  rollout_id!: number;

  @Column({ type: 'json' })
  groups!: string[];

  @Column({ type: 'varchar', length: 50 })
  kind!: string;

  @Column({ type: 'int' })
  resource_id!: number;

  /** Null: the resource does not exist for them. */
  @Column({ type: 'json', nullable: true })
  value!: object | null;
}
