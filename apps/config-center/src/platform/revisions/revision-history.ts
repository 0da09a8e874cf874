/** What revisions changed, read from the change log: values before and after, by resource. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigKind } from '@ai-gateway/contracts';
import type { EntityManager } from 'typeorm';
import type { ResourceChange } from './config-revisions.js';
import { loggedObject } from './logged-value.js';

interface PairRow {
  kind: string;
  resource_id: number;
  revision: number;
  before_value: unknown;
  after_value: unknown;
}

interface LiveRow {
  kind: string;
  resource_id: number;
  value: unknown;
}

export interface LoggedChange extends ResourceChange {
  revision: number;
}

/** The change of a resource before revision `at`; of none when it is the resource's first. */
const LAST_UNTIL = (alias: string, bound: string) =>
  `(SELECT MAX(q.revision) FROM config_changes q WHERE q.kind = ${alias}.kind
     AND q.resource_id = ${alias}.resource_id AND q.revision ${bound})`;

/** The changes of these revisions, in the order they were made. */
export async function changesOfRevisions(
  manager: EntityManager,
  revisions: readonly number[],
): Promise<LoggedChange[]> {
  if (revisions.length === 0) return [];
  const rows = await manager.query<PairRow[]>(
    `SELECT c.kind, c.resource_id, c.revision, c.value AS after_value, p.value AS before_value
     FROM config_changes c
     LEFT JOIN config_changes p ON p.kind = c.kind AND p.resource_id = c.resource_id
       AND p.revision = ${LAST_UNTIL('c', '< c.revision')}
     WHERE c.revision IN (${revisions.map(() => '?').join(', ')})
     ORDER BY c.revision, c.change_id`,
    [...revisions],
  );
  return rows.map(changeOf);
}

/** What differs between the states at two revisions; `before` is the state at `from`. */
export async function changesBetween(
  manager: EntityManager,
  from: number,
  to: number,
): Promise<ResourceChange[]> {
  const [older, newer] = [Math.min(from, to), Math.max(from, to)];
  const rows = await manager.query<PairRow[]>(
    `SELECT c.kind, c.resource_id, c.revision, c.value AS after_value, p.value AS before_value
     FROM config_changes c
     LEFT JOIN config_changes p ON p.kind = c.kind AND p.resource_id = c.resource_id
       AND p.revision = ${LAST_UNTIL('c', '<= ?')}
     WHERE c.revision = ${LAST_UNTIL('c', '<= ?')} AND c.revision > ?
     ORDER BY c.change_id`,
    [older, newer, older],
  );
  const changes = rows.map(changeOf).filter(isChange);
  return from <= to ? changes : changes.map(reversed);
}

/** Every live resource, by `kind:id`. */
export async function liveValues(
  manager: EntityManager,
): Promise<Map<string, { kind: string; id: number; value: object | null }>> {
  const rows = await manager.query<LiveRow[]>(
    `SELECT c.kind, c.resource_id, c.value FROM config_changes c
     WHERE c.value IS NOT NULL AND c.revision = ${LAST_UNTIL('c', '>= 0')}`,
  );
  return new Map(
    rows.map(({ kind, resource_id, value }) => [
      `${kind}:${resource_id}`,
      { kind, id: resource_id, value: loggedObject(value) },
    ]),
  );
}

const changeOf = (row: PairRow): LoggedChange => ({
  kind: row.kind as ConfigKind,
  id: row.resource_id,
  revision: row.revision,
  before: loggedObject(row.before_value),
  after: loggedObject(row.after_value),
});

const isChange = ({ before, after }: ResourceChange): boolean => !isDeepStrictEqual(before, after);

const reversed = ({ kind, id, before, after }: ResourceChange): ResourceChange => ({
  kind,
  id,
  before: after,
  after: before,
});
