/**
 * The content of a backup: the configuration document with sealed credentials, what revision it was,
 * and a checksum over the document, so that a file that was damaged is refused before anything is
 * written.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { canonicalJson } from '@ai-gateway/contracts';
import { z } from 'zod';
import type { Export } from '../config-documents/config-exporter.js';

const FORMAT = 'ai-gateway/backup/v1';
const MAX_BYTES = 1024 ** 3;

const backupSchema = z.object({
  format: z.literal(FORMAT),
  created_at: z.string(),
  epoch: z.string(),
  revision: z.int(),
  sha256: z.string(),
  configuration: z.unknown(),
});

export interface Backup {
  createdAt: string;
  revision: number;
  /** Not validated yet. */
  configuration: unknown;
}

export function packBackup({ epoch, revision, document }: Export, time: Date): Promise<Buffer> {
  const backup: z.input<typeof backupSchema> = {
    format: FORMAT,
    created_at: time.toISOString(),
    epoch,
    revision,
    sha256: checksum(document),
    configuration: document,
  };
  return promisify(gzip)(JSON.stringify(backup));
}

/** Rejects with the reason when the file is not a whole backup. */
export async function readBackup(path: string): Promise<Backup> {
  const { data: backup } = backupSchema.safeParse(await unpacked(path));
  if (backup === undefined) throw new Error(`${path} is no backup`);
  if (backup.sha256 !== checksum(backup.configuration)) {
    throw new Error(`${path} is damaged: its checksum is not that of its content`);
  }
  const { created_at: createdAt, revision, configuration } = backup;
  return { createdAt, revision, configuration };
}

async function unpacked(path: string): Promise<unknown> {
  const packed = await readFile(path);
  try {
    const bytes = await promisify(gunzip)(packed, { maxOutputLength: MAX_BYTES });
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new Error(`${path} is not a whole backup`, { cause });
  }
}

const checksum = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex');
