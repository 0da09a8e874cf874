/** Versions and times of stored resources: the same few steps for every kind. */
import { AdminError } from '@ai-gateway/nest-runtime';
import type {
  DeepPartial,
  EntityManager,
  EntityTarget,
  FindOptionsWhere,
  ObjectLiteral,
} from 'typeorm';
import type { StoredEntity } from '../database/stored.entity.js';
import { checkVersion, type ExpectedVersion } from '../http/if-match.decorator.js';
import type { ConfigTransaction } from '../revisions/config-revisions.js';

/** A row as it goes over the wire: times as ISO 8601 text. */
export type View<Row extends StoredEntity> = Omit<Row, 'create_time' | 'update_time'> & {
  create_time: string;
  update_time: string;
};

export const viewOf = <Row extends StoredEntity>(row: Row): View<Row> =>
  Object.assign({}, row, {
    create_time: row.create_time.toISOString(),
    update_time: row.update_time.toISOString(),
  });

export async function requireRow<Row extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<Row>,
  where: FindOptionsWhere<Row>,
): Promise<Row> {
  const row = await manager.findOneBy(entity, where);
  if (row === null) throw new AdminError('NOT_FOUND');
  return row;
}

/** A reference to something that does not exist cannot be processed. */
export async function requireReference<Row extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<Row>,
  { where, path }: { where: FindOptionsWhere<Row>; path: string },
): Promise<void> {
  if (await manager.existsBy(entity, where)) return;
  throw new AdminError('UNPROCESSABLE', { details: [{ path, message: 'does not exist' }] });
}

export function insertRow<Row extends StoredEntity>(
  { manager, now }: ConfigTransaction,
  entity: EntityTarget<Row>,
  values: object,
): Promise<Row> {
  const stored = { version: 1, create_time: now, update_time: now };
  return manager.save(manager.create(entity, { ...values, ...stored } as DeepPartial<Row>));
}

/** Absent fields keep their value, null clears. */
export function updateRow<Row extends StoredEntity>(
  { manager, now }: ConfigTransaction,
  row: Row,
  { changes, expected }: { changes: object; expected: ExpectedVersion },
): Promise<Row> {
  checkVersion(row.version, expected);
  Object.assign(row, changes, { version: row.version + 1, update_time: now });
  return manager.save(row);
}

export async function deleteRow<Row extends StoredEntity>(
  { manager }: ConfigTransaction,
  row: Row,
  expected: ExpectedVersion,
): Promise<void> {
  checkVersion(row.version, expected);
  await manager.remove(row);
}

export const duplicate = (path: string): AdminError =>
  new AdminError('CONFLICT', { details: [{ path, message: 'exists already' }] });
