/** The first schema: configuration, its revisions, and who may administer it. */
import { randomBytes } from 'node:crypto';
import { Table, type MigrationInterface, type QueryRunner, type TableOptions } from 'typeorm';
import {
  bigCountColumn,
  comparedByBytes,
  flagColumn,
  idColumn,
  intColumn,
  jsonColumn,
  nameColumn,
  nullable,
  referenceColumn,
  storedColumns,
  textColumn,
  timeColumn,
} from '../table-columns.js';

const EPOCH_BYTES = 16;

export class Initial1763700000000 implements MigrationInterface {
  readonly name = 'Initial1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables(runner)) {
      const columns = table.columns?.map((column) => comparedByBytes(runner, column)) ?? [];
      await runner.createTable(new Table({ ...table, columns }), true);
    }
    const states = (await runner.query('SELECT state_id FROM config_state')) as unknown[];
    if (states.length > 0) return;
    const epoch = randomBytes(EPOCH_BYTES).toString('hex');
    await runner.query('INSERT INTO config_state (state_id, epoch, revision) VALUES (1, ?, 0)', [
      epoch,
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables(runner).reverse()) await runner.dropTable(table.name);
  }
}

const tables = (runner: QueryRunner): TableOptions[] => [
  ...namespaceTables(runner),
  ...upstreamTables(),
  ...trafficTables(),
  ...accessTables(),
  ...revisionTables(),
];

function namespaceTables(runner: QueryRunner): TableOptions[] {
  return [
    {
      name: 'namespaces',
      columns: [
        idColumn('namespace_id'),
        nameColumn('namespace_code', 50),
        nameColumn('namespace_name', 100),
        textColumn('description', true),
        intColumn('status', 1),
        flagColumn('is_default'),
        jsonColumn('labels'),
        ...storedColumns(),
      ],
      indices: [unique('uq_namespace_code', 'namespace_code')],
    },
    {
      name: 'message_matchers',
      columns: [
        idColumn('matcher_id'),
        referenceColumn('namespace_id'),
        nameColumn('matcher_name', 100),
        nameColumn('matcher_type', 20),
        nameColumn('match_field', 100),
        nameColumn('match_operator', 20),
        textColumn('match_value'),
        jsonColumn('conditions'),
        intColumn('priority', 100),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [priorityIndex('idx_namespace_priority')],
      foreignKeys: [reference('fk_matcher_namespace', 'namespace_id', 'namespaces')],
    },
    {
      name: 'namespace_rules',
      columns: [
        idColumn('rule_id'),
        referenceColumn('namespace_id'),
        nameColumn('rule_name', 100),
        nameColumn('rule_type', 50),
        jsonColumn('rule_config'),
        nameColumn('per', 20),
        nameColumn('mode', 20),
        nameColumn('on_store_failure', 20),
        jsonColumn('models', true),
        intColumn('priority', 100),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [priorityIndex(ruleIndexName(runner))],
      foreignKeys: [reference('fk_rule_namespace', 'namespace_id', 'namespaces')],
    },
    {
      name: 'rule_counters',
      columns: [
        idColumn('counter_id'),
        referenceColumn('rule_id'),
        nameColumn('counter_key', 200),
        bigCountColumn('counter_value'),
        timeColumn('window_start'),
        timeColumn('window_end'),
        timeColumn('create_time'),
        timeColumn('update_time'),
      ],
      indices: [index('idx_counter_rule', 'rule_id')],
    },
  ];
}

function upstreamTables(): TableOptions[] {
  return [
    {
      name: 'upstreams',
      columns: [
        idColumn('upstream_id'),
        nameColumn('upstream_code', 50),
        nameColumn('upstream_name', 100),
        nameColumn('protocol', 20),
        nameColumn('algorithm', 30),
        jsonColumn('timeouts'),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [unique('uq_upstream_code', 'upstream_code')],
    },
    {
      name: 'upstream_targets',
      columns: [
        idColumn('target_id'),
        referenceColumn('upstream_id'),
        nameColumn('url', 2000),
        intColumn('weight', 100),
        jsonColumn('credential', true),
        jsonColumn('model_map'),
        jsonColumn('labels'),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [index('idx_target_upstream', 'upstream_id')],
      foreignKeys: [reference('fk_target_upstream', 'upstream_id', 'upstreams')],
    },
  ];
}

/** What leads to upstreams. */
function trafficTables(): TableOptions[] {
  return [
    {
      name: 'models',
      columns: [
        idColumn('model_id'),
        nameColumn('model_name', 200),
        jsonColumn('aliases'),
        referenceColumn('upstream_id'),
        textColumn('description', true),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [unique('uq_model_name', 'model_name'), index('idx_model_upstream', 'upstream_id')],
      foreignKeys: [reference('fk_model_upstream', 'upstream_id', 'upstreams')],
    },
    {
      name: 'api_routes',
      columns: [
        idColumn('route_id'),
        nameColumn('name', 100),
        nameColumn('path', 500),
        nameColumn('path_type', 20),
        jsonColumn('methods'),
        jsonColumn('hosts'),
        referenceColumn('upstream_id'),
        nullable(nameColumn('target_url', 500)),
        flagColumn('strip_prefix'),
        flagColumn('requires_auth'),
        jsonColumn('timeouts'),
        nullable({ name: 'rate_limit_rpm', type: 'bigint' }),
        intColumn('priority', 100),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [
        { name: 'uq_route_path_name', columnNames: ['path', 'name'], isUnique: true },
        index('idx_route_upstream', 'upstream_id'),
      ],
      foreignKeys: [reference('fk_route_upstream', 'upstream_id', 'upstreams')],
    },
  ];
}

function accessTables(): TableOptions[] {
  return [
    {
      name: 'users',
      columns: [
        idColumn('user_id'),
        nameColumn('username', 64),
        nameColumn('role', 32),
        nameColumn('password_hash', 255),
        intColumn('token_version', 1),
        timeColumn('one_time_until', true),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [unique('uq_username', 'username')],
    },
    {
      name: 'sessions',
      columns: [
        { ...nameColumn('session_id', 32), isPrimary: true },
        referenceColumn('user_id'),
        intColumn('token_version'),
        nameColumn('refresh_digest', 64),
        nameColumn('address', 64),
        timeColumn('create_time'),
        timeColumn('expires_at'),
      ],
      indices: [index('idx_session_user', 'user_id'), index('idx_session_expires', 'expires_at')],
      foreignKeys: [{ ...reference('fk_session_user', 'user_id', 'users'), onDelete: 'CASCADE' }],
    },
    {
      name: 'login_attempts',
      columns: [
        { ...nameColumn('attempt_key', 64), isPrimary: true },
        intColumn('attempts', 0),
        timeColumn('ends_at'),
      ],
      indices: [index('idx_attempt_ends', 'ends_at')],
    },
    {
      name: 'api_keys',
      columns: [
        idColumn('key_id'),
        nameColumn('key_name', 100),
        nullable(referenceColumn('namespace_id')),
        nameColumn('digest', 64),
        nameColumn('hint', 32),
        timeColumn('expires_at', true),
        intColumn('status', 1),
        ...storedColumns(),
      ],
      indices: [
        unique('uq_api_key_digest', 'digest'),
        index('idx_api_key_namespace', 'namespace_id'),
      ],
      foreignKeys: [reference('fk_api_key_namespace', 'namespace_id', 'namespaces')],
    },
  ];
}

const revisionTables = (): TableOptions[] => [
  {
    name: 'config_state',
    columns: [
      { name: 'state_id', type: 'int', isPrimary: true },
      nameColumn('epoch', 64),
      intColumn('revision', 0),
    ],
  },
  {
    name: 'config_changes',
    columns: [
      idColumn('change_id'),
      intColumn('revision'),
      nameColumn('kind', 50),
      intColumn('resource_id'),
      jsonColumn('value', true),
      timeColumn('create_time'),
    ],
    indices: [
      index('idx_change_revision', 'revision'),
      {
        name: 'uq_change_resource',
        columnNames: ['kind', 'resource_id', 'revision'],
        isUnique: true,
      },
    ],
  },
];

const index = (name: string, column: string) => ({ name, columnNames: [column] });
const unique = (name: string, column: string) => ({ ...index(name, column), isUnique: true });

/** Walks the rows of a namespace in order of priority. */
const priorityIndex = (name: string) => ({ name, columnNames: ['namespace_id', 'priority'] });

/** The documented name on both tables; SQLite has one name space for all of a file's indexes. */
const ruleIndexName = (runner: QueryRunner): string =>
  runner.dataSource.options.type === 'better-sqlite3'
    ? 'idx_namespace_priority_rules'
    : 'idx_namespace_priority';

const reference = (name: string, column: string, table: string) => ({
  name,
  columnNames: [column],
  referencedTableName: table,
  referencedColumnNames: [column],
});
