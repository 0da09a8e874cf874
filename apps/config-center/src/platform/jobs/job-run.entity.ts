/** The latest run of each job, whoever made it; what runs are claimed by. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('job_runs')
export class JobRunEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  name!: string;

  /** Counts runs; who moves it on has claimed the next one. */
  @Column({ type: 'int' })
  run_no!: number;

  @Column({ type: 'datetime', precision: 3 })
  started_at!: Date;

  /** Null while it runs, or when its process died. */
  @Column({ type: 'datetime', precision: 3, nullable: true })
  finished_at!: Date | null;

  /** The process. */
  @Column({ type: 'varchar', length: 64 })
  owner!: string;

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
