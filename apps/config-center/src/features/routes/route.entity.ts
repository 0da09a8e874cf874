/** Paths that lead to an upstream. */
import type { PathType, Route, Timeouts } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

/** mysql2 may hand out a bigint as text. */
const wholeNumber = {
  to: (value: number | null): number | null => value,
  from: (value: number | string | null): number | null => (value === null ? null : Number(value)),
};

@Entity('api_routes')
export class RouteEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  route_id!: number;

  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'varchar', length: 500 })
  path!: string;

  @Column({ type: 'varchar', length: 20 })
  path_type!: PathType;

  @Column({ type: 'json' })
  methods!: Route['methods'];

  @Column({ type: 'json' })
  hosts!: string[];

  @Column({ type: 'int' })
  upstream_id!: number;

  @Column({ type: 'varchar', length: 500, nullable: true })
  target_url!: string | null;

  @Column({ type: 'boolean' })
  strip_prefix!: boolean;

  @Column({ type: 'boolean' })
  requires_auth!: boolean;

  @Column({ type: 'json' })
  timeouts!: Timeouts;

  @Column({ type: 'bigint', nullable: true, transformer: wholeNumber })
  rate_limit_rpm!: number | null;

  @Column({ type: 'int' })
  priority!: number;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
