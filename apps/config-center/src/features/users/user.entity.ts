/** People who administer the gateway. */
import type { Role } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('users')
export class UserEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  user_id!: number;

  @Column({ type: 'varchar', length: 64 })
  username!: string;

  @Column({ type: 'varchar', length: 32 })
  role!: Role;

  @Column({ type: 'varchar', length: 255 })
  password_hash!: string;

  /** Counts changes of the password; a session of an earlier one is over. */
  @Column({ type: 'int' })
  token_version!: number;

  /** Until when a one-time password may be used first. */
  @Column({ type: 'datetime', precision: 3, nullable: true })
  one_time_until!: Date | null;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
