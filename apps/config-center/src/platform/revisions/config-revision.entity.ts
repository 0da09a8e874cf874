/** Who made a revision, when and why. What it changed stands in the change log. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What kind of act made a revision. */
export type RevisionCause =
  | 'write'
  | 'batch'
  | 'import'
  | 'restore'
  | 'rollback'
  | 'rollout'
  | 'promotion'
  | 'abandonment'
  | 'draft'
  | 'sync';

@Entity('config_revisions')
export class ConfigRevisionEntity {
  @PrimaryColumn({ type: 'int' })
  revision!: number;

  @Column({ type: 'datetime', precision: 3 })
  create_time!: Date;

  @Column({ type: 'varchar', length: 20 })
  cause!: RevisionCause;

  @Column({ type: 'int', nullable: true })
  actor_id!: number | null;

  @Column({ type: 'varchar', length: 64 })
  actor_name!: string;

  @Column({ type: 'varchar', length: 128, nullable: true })
  request_id!: string | null;

  @Column({ type: 'text', nullable: true })
  comment!: string | null;

  /** What belongs to the cause, for example the revision a rollback went back to. */
  @Column({ type: 'json', nullable: true })
  details!: object | null;
}
