/** Builds the HTTP application; `main` listens with it, tests listen on a free port. */
import { NestLogger, configureHttpApp, serveApiDocs } from '@ai-gateway/nest-runtime';
import type { Logger, Registry } from '@ai-gateway/node-runtime';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { TokenPool } from '@ai-gateway/tokenizer';
import { AppModule } from './app.module.js';
import type { RunningRules } from './platform/rules/running-rules.js';
import type { Settings } from './settings.js';

const VERSION = '0.1.0';

/** A megabyte of Chinese escaped as `\u4e2d` is two, of emoji three. Parsing is not sliced. */
const MAX_BODY_BYTES = 4 * 1_048_576;

export interface CreateAppOptions {
  settings: Settings;
  logger: Logger;
  registry: Registry;
  pool: TokenPool;
  rules: RunningRules;
}

export async function createApp(options: CreateAppOptions): Promise<NestExpressApplication> {
  const { settings, logger, registry, pool, rules } = options;
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.register({ settings, logger, registry, pool, rules }),
    {
      bodyParser: false,
      abortOnError: false,
      forceCloseConnections: true,
      logger: new NestLogger(logger),
    },
  );
  configureHttpApp(app, {
    logger,
    registry,
    metricPrefix: 'token_count',
    maxBodyBytes: MAX_BODY_BYTES,
  });
  if (settings.serveDocs) {
    serveApiDocs(app, { title: 'AI Gateway token service', version: VERSION });
  }
  return app;
}

export const createPool = ({ threads }: Settings, logger: Logger): TokenPool =>
  new TokenPool({
    ...(threads === 0 ? {} : { threads }),
    onThreadGone: (err) => logger.warn({ err }, 'a counting thread ended and is replaced'),
  });
