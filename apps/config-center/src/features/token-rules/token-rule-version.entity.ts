/** What a rule was when it was published; never changed. */
import type { TokenRuleDefinition } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('token_rule_versions')
export class TokenRuleVersionEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  version_id!: number;

  @Column({ type: 'int' })
  token_rule_id!: number;

  @Column({ type: 'int' })
  rule_version!: number;

  @Column({ type: 'json' })
  definition!: TokenRuleDefinition;

  @Column({ type: 'int' })
  revision!: number;

  @Column({ type: 'varchar', length: 100 })
  actor_name!: string;
}
