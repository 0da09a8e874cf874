import type {
  EffectiveSettings,
  GatewaySettingsUpdate,
  GatewaySettingsValues,
  Page,
  SettingsLevel,
  SettingsLevelRow,
} from '@ai-gateway/contracts';
import { mergeSettings, type SettingsReader } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  insertRow,
  requireRow,
  updateRow,
  viewOf,
} from '../../platform/resources/stored-row.js';
import {
  ConfigRevisions,
  type ConfigTransaction,
  type Written,
} from '../../platform/revisions/config-revisions.js';
import { GatewaySettingsEntity } from './gateway-settings.entity.js';

/** Names one row. */
export interface LevelAddress {
  level: SettingsLevel;
  level_name: string;
}

@Injectable()
export class GatewaySettingsService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
  ) {}

  list(query: ListQuery): Promise<Page<SettingsLevelRow>> {
    const options = { idColumn: 'settings_id', view: viewOf<GatewaySettingsEntity> } as const;
    return findPage(this.database.manager, GatewaySettingsEntity, query, options);
  }

  async find(address: LevelAddress): Promise<SettingsLevelRow> {
    return viewOf(await rowAt(this.database.manager, address));
  }

  async effective(reader: SettingsReader): Promise<EffectiveSettings> {
    const rows = await this.database.manager.find(GatewaySettingsEntity);
    const merged = mergeSettings(rows, reader);
    return { instance_id: reader.instanceId, groups: [...reader.groups], ...merged };
  }

  /** Creates what is not there. @param expected null: the client named no version */
  async put(
    address: LevelAddress,
    { values }: GatewaySettingsUpdate,
    expected: ExpectedVersion | null,
  ): Promise<Written<SettingsLevelRow>> {
    const written = await this.revisions.write(async (tx) => {
      const before = await tx.manager.findOneBy(GatewaySettingsEntity, { ...address });
      const row =
        before === null
          ? await insert(tx, { ...address, values: merged({}, values) }, expected)
          : await update(tx, before, { values: merged(before.values, values), expected });
      tx.changed('settings', row.settings_id, row);
      return viewOf(row);
    });
    return written.value.version === 1 ? written.createdAt(pathOf(address)) : written;
  }

  remove(address: LevelAddress, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await rowAt(tx.manager, address);
      const { settings_id: id } = row;
      await deleteRow(tx, row, expected);
      tx.changed('settings', id, null);
    });
  }
}

const rowAt = (manager: EntityManager, address: LevelAddress): Promise<GatewaySettingsEntity> =>
  requireRow(manager, GatewaySettingsEntity, { ...address });

function insert(
  tx: ConfigTransaction,
  values: object,
  expected: ExpectedVersion | null,
): Promise<GatewaySettingsEntity> {
  if (expected !== null && expected !== '*') {
    throw new AdminError('VERSION_MISMATCH', {
      details: [{ path: 'version', message: 'there are no settings of this level' }],
    });
  }
  return insertRow(tx, GatewaySettingsEntity, values);
}

function update(
  tx: ConfigTransaction,
  row: GatewaySettingsEntity,
  { values, expected }: { values: GatewaySettingsValues; expected: ExpectedVersion | null },
): Promise<GatewaySettingsEntity> {
  if (expected === null) throw new AdminError('VERSION_REQUIRED');
  return updateRow(tx, row, { changes: { values }, expected });
}

/** Absent fields keep their value, null clears. */
function merged(
  before: GatewaySettingsValues,
  changes: GatewaySettingsUpdate['values'],
): GatewaySettingsValues {
  const entries = Object.entries({ ...before, ...changes });
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

const FOLDERS = { group: 'groups', instance: 'instances' } as const;

const pathOf = ({ level, level_name: name }: LevelAddress): string =>
  level === 'cluster' ? '/api/v1/settings/cluster' : `/api/v1/settings/${FOLDERS[level]}/${name}`;
