/** Named groups of targets. */
import type { Timeouts, Upstream } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('upstreams')
export class UpstreamEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  upstream_id!: number;

  @Column({ type: 'varchar', length: 50 })
  upstream_code!: string;

  @Column({ type: 'varchar', length: 100 })
  upstream_name!: string;

  @Column({ type: 'varchar', length: 20 })
  protocol!: Upstream['protocol'];

  @Column({ type: 'varchar', length: 30 })
  algorithm!: Upstream['algorithm'];

  @Column({ type: 'json' })
  timeouts!: Timeouts;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
