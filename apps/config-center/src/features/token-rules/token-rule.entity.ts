/** Rules of counting: what is published, in the columns, and the draft beside it. */
import type { TokenRuleDefinition } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

@Entity('token_rules')
export class TokenRuleEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  token_rule_id!: number;

  @Column({ type: 'varchar', length: 100 })
  rule_name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'varchar', length: 200 })
  model_pattern!: string;

  @Column({ type: 'varchar', length: 50, nullable: true })
  encoding!: string | null;

  @Column({ type: 'varchar', length: 50 })
  family!: TokenRuleDefinition['family'];

  @Column({ type: 'json' })
  overheads!: TokenRuleDefinition['overheads'];

  @Column({ type: 'double' })
  factor!: number;

  @Column({ type: 'json' })
  images!: TokenRuleDefinition['images'];

  @Column({ type: 'varchar', length: 20 })
  method!: TokenRuleDefinition['method'];

  @Column({ type: 'int' })
  priority!: number;

  @Column({ type: 'int' })
  status!: 0 | 1;

  /** Null: never published; the columns above are the draft's then. */
  @Column({ type: 'int', nullable: true })
  rule_version!: number | null;

  @Column({ type: 'json', nullable: true })
  draft!: TokenRuleDefinition | null;
}
