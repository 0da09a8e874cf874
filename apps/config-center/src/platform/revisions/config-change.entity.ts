/** The log of configuration changes; the last change of each resource is its current state. */
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('config_changes')
export class ConfigChangeEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  change_id!: number;

  @Column({ type: 'int' })
  revision!: number;

  @Column({ type: 'varchar', length: 50 })
  kind!: string;

  @Column({ type: 'int' })
  resource_id!: number;

  /** Null: deleted. */
  @Column({ type: 'json', nullable: true })
  value!: object | null;

  @Column({ type: 'datetime', precision: 3 })
  create_time!: Date;
}
