/** API keys of callers of the data plane; the key itself is nowhere. */
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('api_keys')
export class ApiKeyEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  key_id!: number;

  @Column({ type: 'varchar', length: 100 })
  key_name!: string;

  /** The only namespace the key may act in; null: any. */
  @Column({ type: 'int', nullable: true })
  namespace_id!: number | null;

  /** Hex HMAC-SHA-256. */
  @Column({ type: 'varchar', length: 64 })
  digest!: string;

  @Column({ type: 'varchar', length: 32 })
  hint!: string;

  @Column({ type: 'datetime', precision: 3, nullable: true })
  expires_at!: Date | null;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
