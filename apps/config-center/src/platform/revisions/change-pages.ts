/**
 * Reads the change log page by page, so that neither a large configuration nor a slow reader makes
 * this process hold all of it: each page continues behind the last row of the one before. Rows are
 * taken raw, because entities would cost more than the read. Rejected: OFFSET, which reads again
 * what it skips, and a cursor, which holds a connection for as long as the slowest gateway takes.
 */
import type { ConfigChange } from '@ai-gateway/contracts';
import type { EntityManager } from 'typeorm';
import { ConfigChangeEntity } from './config-change.entity.js';
import { loggedValue } from './logged-value.js';

const PAGE_ROWS = 1_000;

export interface ChangeRange {
  /** Exclusive. */
  after: number;
  /** Inclusive; what is committed while pages are read lies beyond. */
  upTo: number;
  /** Leaves out what is deleted at `upTo`. */
  liveOnly: boolean;
}

interface RawChange {
  change_id: number;
  revision: number;
  kind: string;
  resource_id: number;
  /** Text, or what the driver parsed it to. */
  value: unknown;
}

/** The last change of each resource within the range, in order of revisions. */
export async function* changePages(
  manager: EntityManager,
  range: ChangeRange,
): AsyncGenerator<readonly ConfigChange[]> {
  let last = { revision: range.after + 1, change_id: 0 };
  for (;;) {
    const rows = await readPage(manager, range, last);
    if (rows.length > 0) yield rows.map(toChange);
    last = rows.at(-1) ?? last;
    if (rows.length < PAGE_ROWS) return;
  }
}

function readPage(
  manager: EntityManager,
  { upTo, liveOnly }: ChangeRange,
  last: { revision: number; change_id: number },
): Promise<RawChange[]> {
  const query = manager
    .createQueryBuilder(ConfigChangeEntity, 'change')
    .select('change.change_id', 'change_id')
    .addSelect('change.revision', 'revision')
    .addSelect('change.kind', 'kind')
    .addSelect('change.resource_id', 'resource_id')
    .addSelect('change.value', 'value')
    .where('change.revision >= :from AND change.revision <= :upTo', { from: last.revision, upTo })
    .andWhere('(change.revision > :from OR change.change_id > :seen)', { seen: last.change_id })
    .andWhere(
      `NOT EXISTS (SELECT 1 FROM config_changes later WHERE later.kind = change.kind
         AND later.resource_id = change.resource_id
         AND later.revision > change.revision AND later.revision <= :upTo)`,
    );
  if (liveOnly) query.andWhere('change.value IS NOT NULL');
  return query
    .orderBy('change.revision')
    .addOrderBy('change.change_id')
    .limit(PAGE_ROWS)
    .getRawMany<RawChange>();
}

const toChange = ({ kind, resource_id, revision, value }: RawChange): ConfigChange => ({
  kind,
  id: resource_id,
  revision,
  value: loggedValue(value),
});
