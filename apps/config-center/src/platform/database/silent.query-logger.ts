/**
 * TypeORM prints slow and failed queries together with their parameters, session ids and digests
 * among them, even when logging is off. Nothing of it is printed: failures reach the process's own
 * log as errors, without parameters.
 */
import type { Logger } from 'typeorm';

const silent = (): void => undefined;

export const SILENT_QUERY_LOGGER: Logger = {
  log: silent,
  logMigration: silent,
  logQuery: silent,
  logQueryError: silent,
  logQuerySlow: silent,
  logSchemaBuild: silent,
};
