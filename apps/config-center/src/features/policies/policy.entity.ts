/** Bundles of rules that namespaces inherit. */
import type { PolicyRule, PolicyType } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('policies')
export class PolicyEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  policy_id!: number;

  @Column({ type: 'varchar', length: 100 })
  policy_name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'varchar', length: 50 })
  policy_type!: PolicyType;

  @Column({ type: 'json' })
  rules!: PolicyRule[];

  /** Numbers below have been given. */
  @Column({ type: 'int' })
  next_rule_no!: number;

  @Column({ type: 'int' })
  status!: 0 | 1;
}
