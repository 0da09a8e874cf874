/** Builds the HTTP application; `main` listens with it, tests listen on a free port. */
import { NestLogger, configureHttpApp, serveApiDocs } from '@ai-gateway/nest-runtime';
import type { Logger, Registry } from '@ai-gateway/node-runtime';
import type { CanActivate, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { Database } from './platform/database/database.js';
import { translateStoreError } from './platform/database/database-errors.js';
import { LARGE_BODY_PATHS } from './platform/http/large-body.interceptor.js';
import type { Settings } from './settings.js';

const VERSION = '0.1.0';

export interface CreateAppOptions {
  settings: Settings;
  logger: Logger;
  registry: Registry;
  guard?: Type<CanActivate>;
}

export async function createApp(options: CreateAppOptions): Promise<NestExpressApplication> {
  const { settings, logger, registry } = options;
  const readiness = { check: (): Promise<boolean> | boolean => false };
  const module = AppModule.register({ ...options, isReady: () => readiness.check() });
  const app = await NestFactory.create<NestExpressApplication>(module, {
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
    logger: new NestLogger(logger),
  });
  const database = app.get(Database);
  readiness.check = () => database.isUp();
  configureHttpApp(app, {
    logger,
    registry,
    metricPrefix: 'config_center',
    translateError: translateStoreError,
    hideUnknownPaths: true,
    ownBodyPaths: LARGE_BODY_PATHS,
  });
  if (settings.serveDocs) {
    serveApiDocs(app, { title: 'AI Gateway config center', version: VERSION });
  }
  return app;
}
