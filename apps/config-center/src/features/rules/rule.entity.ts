/** What a namespace is held to. `rule_config` is text holding JSON. */
import type { RuleMode, RuleScope, RuleType, StoreFailurePolicy } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('namespace_rules')
export class RuleEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  rule_id!: number;

  @Column({ type: 'int' })
  namespace_id!: number;

  @Column({ type: 'varchar', length: 100 })
  rule_name!: string;

  @Column({ type: 'varchar', length: 50 })
  rule_type!: RuleType;

  @Column({ type: 'json' })
  rule_config!: object;

  @Column({ type: 'varchar', length: 20 })
  per!: RuleScope;

  @Column({ type: 'varchar', length: 20 })
  mode!: RuleMode;

  @Column({ type: 'varchar', length: 20 })
  on_store_failure!: StoreFailurePolicy;

  @Column({ type: 'json', nullable: true })
  models!: string[] | null;

  @Column({ type: 'int' })
  priority!: number;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
