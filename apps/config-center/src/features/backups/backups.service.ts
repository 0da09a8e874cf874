/** Makes backups, periodically when a folder is set, and restores from them. */
import type { ImportReport } from '@ai-gateway/contracts';
import type { Principal } from '@ai-gateway/nest-runtime';
import { Counter, Gauge, type Registry } from '@ai-gateway/node-runtime';
import { Inject, Injectable } from '@nestjs/common';
import { JobRunner } from '../../platform/jobs/job-runner.js';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { REGISTRY, SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { ConfigExporter } from '../config-documents/config-exporter.js';
import { ConfigImporter } from '../config-documents/config-importer.js';
import { unlocated } from '../config-documents/document-text.js';
import { packBackup, readBackup } from './backup-file.js';
import { BackupFolder, stateOf } from './backup-folder.js';

const HOUR_MS = 3_600_000;
const MAX_RUN_MS = 600_000;

export interface RestoreOptions {
  dryRun: boolean;
  principal: Principal;
}

@Injectable()
export class BackupsService {
  private readonly folder: BackupFolder | null;
  private readonly keep: number;
  private readonly failures: Counter;

  constructor(
    private readonly exporter: ConfigExporter,
    private readonly importer: ConfigImporter,
    private readonly log: ChangeLog,
    jobs: JobRunner,
    @Inject(SETTINGS) { backupDir, backupIntervalHours, backupKeep }: Settings,
    @Inject(REGISTRY) registry: Registry,
  ) {
    this.keep = backupKeep;
    this.folder = backupDir === null ? null : new BackupFolder(backupDir);
    this.failures = metrics(registry, this.folder);
    if (this.folder === null) return;
    const everyMs = backupIntervalHours * HOUR_MS;
    const run = async (): Promise<void> => {
      await this.backUp();
    };
    jobs.register({ name: 'backup', everyMs, maxRunMs: MAX_RUN_MS, run });
  }

  /**
   * The path of the newest backup, which is a new one unless nothing has changed since the last.
   * Rejects when there is no folder or it cannot be written to.
   */
  async backUp(): Promise<string> {
    if (this.folder === null) throw new Error('no folder for backups: set BACKUP_DIR');
    try {
      return await this.backUpInto(this.folder);
    } catch (error) {
      this.failures.inc();
      throw error;
    }
  }

  /** Everything becomes what the backup says, in one revision. */
  async restore(path: string, { dryRun, principal }: RestoreOptions): Promise<ImportReport> {
    const { configuration } = await readBackup(path);
    const options = { mode: 'replace', cause: 'restore', dryRun, principal } as const;
    return this.importer.import(unlocated(configuration), options);
  }

  private async backUpInto(folder: BackupFolder): Promise<string> {
    const time = new Date();
    const newest = await folder.newest();
    if (newest?.state === stateOf(await this.log.head())) {
      await folder.touch(newest, time);
      return newest.path;
    }
    const exported = await this.exporter.export('sealed');
    const content = await packBackup(exported, time);
    const path = await folder.add(content, { head: exported, time });
    await folder.keepNewest(this.keep);
    return path;
  }
}

function metrics(registry: Registry, folder: BackupFolder | null): Counter {
  new Gauge({
    name: 'config_center_backup_last_success_timestamp_seconds',
    help: 'When the newest backup was last known to be up to date; 0 without any.',
    registers: [registry],
    async collect() {
      this.set((await folder?.newestSec()) ?? 0);
    },
  });
  return new Counter({
    name: 'config_center_backup_failures_total',
    help: 'Backups that could not be made.',
    registers: [registry],
  });
}
