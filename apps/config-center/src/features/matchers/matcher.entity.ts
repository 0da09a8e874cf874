/** How a namespace recognises requests. */
import type { Matcher, MatcherCondition } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('message_matchers')
export class MatcherEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  matcher_id!: number;

  @Column({ type: 'int' })
  namespace_id!: number;

  @Column({ type: 'varchar', length: 100 })
  matcher_name!: string;

  @Column({ type: 'varchar', length: 20 })
  matcher_type!: Matcher['matcher_type'];

  @Column({ type: 'varchar', length: 100 })
  match_field!: string;

  @Column({ type: 'varchar', length: 20 })
  match_operator!: Matcher['match_operator'];

  @Column({ type: 'text' })
  match_value!: string;

  @Column({ type: 'json' })
  conditions!: MatcherCondition[];

  @Column({ type: 'int' })
  priority!: number;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
