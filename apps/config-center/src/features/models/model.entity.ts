/** Names clients ask for, and the upstreams that answer them. */
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('models')
export class ModelEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  model_id!: number;

  @Column({ type: 'varchar', length: 200 })
  model_name!: string;

  @Column({ type: 'json' })
  aliases!: string[];

  @Column({ type: 'int' })
  upstream_id!: number;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
