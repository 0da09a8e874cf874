/** Tenants. Properties are named as columns and as on the wire. */
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('namespaces')
export class NamespaceEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  namespace_id!: number;

  @Column({ type: 'varchar', length: 50 })
  namespace_code!: string;

  @Column({ type: 'varchar', length: 100 })
  namespace_name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'int' })
  status!: 0 | 1;

  @Column({ type: 'boolean' })
  is_default!: boolean;

  @Column({ type: 'json' })
  labels!: Record<string, string>;

  @Column({ type: 'json' })
  policy_ids!: number[];
}
