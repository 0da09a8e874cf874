/** Sessions of users; a row that is gone is a session that is over. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('sessions')
export class SessionEntity {
  @PrimaryColumn({ type: 'varchar', length: 32 })
  session_id!: string;

  @Column({ type: 'int' })
  user_id!: number;

  @Column({ type: 'int' })
  token_version!: number;

  /** Hex SHA-256 of the refresh token that is valid now. */
  @Column({ type: 'varchar', length: 64 })
  refresh_digest!: string;

  /** Where the login came from; an IPv6 address as its /64. */
  @Column({ type: 'varchar', length: 64 })
  address!: string;

  @Column({ type: 'datetime', precision: 3 })
  create_time!: Date;

  @Column({ type: 'datetime', precision: 3 })
  expires_at!: Date;
}
