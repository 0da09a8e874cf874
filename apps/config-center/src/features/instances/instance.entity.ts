/** The last heartbeat of each gateway process. */
import type { Heartbeat } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('gateway_instances')
export class InstanceEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  instance_id!: string;

  @PrimaryColumn({ type: 'varchar', length: 64 })
  process_id!: string;

  @Column({ type: 'datetime', precision: 3 })
  first_seen_at!: Date;

  @Column({ type: 'datetime', precision: 3 })
  last_seen_at!: Date;

  @Column({ type: 'json' })
  report!: Heartbeat;
}
