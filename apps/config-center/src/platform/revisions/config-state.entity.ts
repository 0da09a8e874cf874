/** Where the configuration stands: one row. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

export const STATE_ID = 1;

@Entity('config_state')
export class ConfigStateEntity {
  @PrimaryColumn({ type: 'int' })
  state_id!: number;

  @Column({ type: 'varchar', length: 64 })
  epoch!: string;

  @Column({ type: 'int' })
  revision!: number;
}
