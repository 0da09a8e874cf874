/** The snapshot of this gateway: where it lies, what seals it, and who hears of its troubles. */
import { join } from 'node:path';
import { DiskSnapshot, SnapshotKeeper, type ConfigSnapshot } from '@ai-gateway/config-feed';
import { deriveKey, ensureDataDir, parseMasterKey, type Logger } from '@ai-gateway/node-runtime';
import type { GatewayMetrics } from '../metrics.js';
import type { GatewaySettings } from '../settings.js';

const FILE_NAME = 'config.snapshot';

/** Makes the keeper of what `capture` answers. */
export type KeepSnapshot = (capture: () => ConfigSnapshot | null) => SnapshotKeeper;

/** Null without a master key: then nothing would seal it. */
export function snapshotFactory(
  settings: GatewaySettings,
  metrics: GatewayMetrics,
  logger: Logger,
): KeepSnapshot | null {
  if (settings.MASTER_KEY === undefined) {
    logger.info('no MASTER_KEY: the configuration is not kept on disk');
    return null;
  }
  const master = parseMasterKey(settings.MASTER_KEY);
  const key = { kid: master.kid, key: deriveKey(master, 'ai-gateway config snapshot') };
  makeFolder(settings.DATA_DIR, logger);
  const disk = new DiskSnapshot(join(settings.DATA_DIR, FILE_NAME), key);
  return (capture) =>
    new SnapshotKeeper({
      disk,
      capture,
      onDiscarded: (err) => {
        metrics.snapshotsDiscarded.inc();
        logger.warn({ err, file: disk.path }, 'the snapshot on disk cannot be used');
      },
      onWriteFailed: () => metrics.snapshotWriteFailures.inc(),
      onWriteState: (err) => {
        if (err === null) logger.info({ file: disk.path }, 'the snapshot on disk is written again');
        else
          logger.warn(
            { err, file: disk.path },
            'the snapshot cannot be written, the old one stays',
          );
      },
    });
}

/** Where there is no folder every write fails, and says so. */
function makeFolder(path: string, logger: Logger): void {
  try {
    ensureDataDir(path);
  } catch (err) {
    logger.warn({ err, folder: path }, 'DATA_DIR cannot be made');
  }
}
