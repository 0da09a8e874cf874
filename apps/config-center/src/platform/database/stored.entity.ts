/** Columns every stored resource has. Times are set in code, so that both databases agree. */
import { Column } from 'typeorm';

export abstract class StoredEntity {
  @Column({ type: 'int' })
  version!: number;

  @Column({ type: 'datetime', precision: 3 })
  create_time!: Date;

  @Column({ type: 'datetime', precision: 3 })
  update_time!: Date;
}
