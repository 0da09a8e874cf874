/** The commands of the command line, in one table. */
import { readFile } from 'node:fs/promises';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { PERMISSIONS, type ImportReport } from '@ai-gateway/contracts';
import type { Principal } from '@ai-gateway/nest-runtime';
import type { INestApplication } from '@nestjs/common';
import { BackupsService } from './features/backups/backups.service.js';
import { ConfigExporter } from './features/config-documents/config-exporter.js';
import { ConfigImporter } from './features/config-documents/config-importer.js';
import { parseDocumentText, textOf } from './features/config-documents/document-text.js';
import { ImportRefused } from './features/config-documents/import-refused.error.js';
import { AuditVerifier } from './platform/audit/audit-verifier.js';

type Print = (text: string) => void;

/** Resolves with the exit code. */
type Work = (app: INestApplication, print: Print) => Promise<number>;

export interface Command {
  words: readonly string[];
  /** How it is called, and what it does. */
  usage: string;
  /** Reads the arguments; throws UsageError. */
  prepare: (args: readonly string[]) => Work;
}

export class UsageError extends Error {}

/** Who has a shell with the settings and secrets of config-center may do anything. */
const OPERATOR: Principal = {
  kind: 'user',
  userId: null,
  username: 'system',
  roles: ['super_admin'],
  permissions: PERMISSIONS,
};

export const COMMANDS: readonly Command[] = [
  {
    words: ['export'],
    usage: `export [--format yaml|json] [--secrets exclude|sealed]
      writes the configuration to stdout`,
    prepare: (args) => {
      const { options } = read(args, 0, {
        format: { type: 'string', default: 'yaml' },
        secrets: { type: 'string', default: 'exclude' },
      });
      const format = oneOf('format', options['format'], ['yaml', 'json']);
      const secrets = oneOf('secrets', options['secrets'], ['exclude', 'sealed']);
      return async (app, print) => {
        const { document } = await app.get(ConfigExporter).export(secrets);
        print(textOf(document, format));
        return 0;
      };
    },
  },
  {
    words: ['import'],
    usage: `import <file.yaml|file.json> [--replace] [--dry-run]
      makes the configuration say what the file says; --replace also deletes what it does not say`,
    prepare: (args) => {
      const { file, options } = read(args, 1, { replace: FLAG, 'dry-run': FLAG });
      const mode = options['replace'] === true ? 'replace' : 'merge';
      const dryRun = options['dry-run'] === true;
      const format = file.endsWith('.json') ? 'json' : 'yaml';
      return (app, print) =>
        reported(app, print, async () => {
          const located = await parseDocumentText(await readFile(file, 'utf8'), format);
          const how = { mode, dryRun, cause: 'import', principal: OPERATOR } as const;
          return app.get(ConfigImporter).import(located, how);
        });
    },
  },
  {
    words: ['backup'],
    usage: `backup
      writes a backup to BACKUP_DIR, unless the newest is up to date; prints its path`,
    prepare: (args) => {
      read(args, 0, {});
      return async (app, print) => {
        print(`${await app.get(BackupsService).backUp()}\n`);
        return 0;
      };
    },
  },
  {
    words: ['restore'],
    usage: `restore <backup file> [--dry-run]
      brings the configuration back to a backup, in a new revision`,
    prepare: (args) => {
      const { file, options } = read(args, 1, { 'dry-run': FLAG });
      const how = { dryRun: options['dry-run'] === true, principal: OPERATOR };
      return (app, print) => reported(app, print, () => app.get(BackupsService).restore(file, how));
    },
  },
  {
    words: ['audit', 'verify'],
    usage: `audit verify
      recomputes the chain of the audit trail; fails when a row was edited, removed or moved`,
    prepare: (args) => {
      read(args, 0, {});
      return async (app, print) => {
        const verdict = await app.get(AuditVerifier).verify();
        print(`${JSON.stringify(verdict, null, 2)}\n`);
        return verdict.valid ? 0 : 1;
      };
    },
  },
];

export const usage = (): string =>
  `usage: cli.js <command>\n\n${COMMANDS.map((command) => `  ${command.usage}\n`).join('\n')}`;

/** Writes need the application's own HTTP stack, which starts with it. */
async function reported(
  app: INestApplication,
  print: Print,
  work: () => Promise<ImportReport>,
): Promise<number> {
  await app.init();
  try {
    print(`${JSON.stringify(await work(), null, 2)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ImportRefused)) throw error;
    print(`${JSON.stringify(error.report, null, 2)}\n`);
    return 1;
  }
}

const FLAG = { type: 'boolean', default: false } as const;

type Options = NonNullable<ParseArgsConfig['options']>;

function read(args: readonly string[], files: 0 | 1, options: Options) {
  try {
    const config = { args: [...args], options, allowPositionals: true, strict: true } as const;
    const { values, positionals } = parseArgs(config);
    if (positionals.length !== files) {
      throw new UsageError(files === 1 ? 'one file is needed' : 'no further words are understood');
    }
    return { file: positionals[0] ?? '', options: values as Record<string, unknown> };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<Value extends string>(
  name: string,
  value: unknown,
  values: readonly Value[],
): Value {
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`--${name} must be one of ${values.join(', ')}`);
  return found;
}
