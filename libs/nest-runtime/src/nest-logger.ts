/** Nest's own messages as lines of the process's logger; its start-up chatter is debug. */
import type { Logger } from '@ai-gateway/node-runtime';
import type { LoggerService } from '@nestjs/common';

export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown): void {
    this.logger.debug(String(message));
  }

  error(message: unknown, stack?: string): void {
    this.logger.error({ stack }, String(message));
  }

  warn(message: unknown): void {
    this.logger.warn(String(message));
  }

  debug(message: unknown): void {
    this.logger.debug(String(message));
  }
}
