/** Failed logins in the current window of an address or an account. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('login_attempts')
export class LoginAttemptEntity {
  /** Hex SHA-256 of what is counted. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  attempt_key!: string;

  @Column({ type: 'int' })
  attempts!: number;

  @Column({ type: 'datetime', precision: 3 })
  ends_at!: Date;
}
