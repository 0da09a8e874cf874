/** Writes that are prepared and not published. */
import type { BatchOperation } from '@ai-gateway/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { StoredEntity } from '../../platform/database/stored.entity.js';

export type DraftState = 'open' | 'published';

@Entity('config_drafts')
export class DraftEntity extends StoredEntity {
  @PrimaryGeneratedColumn({ type: 'int' })
  draft_id!: number;

  @Column({ type: 'varchar', length: 100 })
  draft_name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'json' })
  operations!: BatchOperation[];

  @Column({ type: 'varchar', length: 20 })
  state!: DraftState;

  @Column({ type: 'int', nullable: true })
  published_revision!: number | null;
}
