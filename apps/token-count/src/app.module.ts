/** The token service: counting and what is known of it, closed by the service credential. */
import { ManagementModule } from '@ai-gateway/nest-runtime';
import type { Logger, Registry } from '@ai-gateway/node-runtime';
import type { TokenPool } from '@ai-gateway/tokenizer';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CalculateController } from './features/calculate/calculate.controller.js';
import { CountTokensController } from './features/count-tokens/count-tokens.controller.js';
import { DriftController } from './features/drift/drift.controller.js';
import { DriftService } from './features/drift/drift.service.js';
import { HealthController } from './features/health/health.controller.js';
import { ModelsController } from './features/models/models.controller.js';
import { CountingService } from './platform/counting/counting.service.js';
import { ServiceCredentialGuard } from './platform/http/service-credential.guard.js';
import type { RunningRules } from './platform/rules/running-rules.js';
import { LOGGER, POOL, REGISTRY, RULES, SETTINGS } from './platform/tokens.js';
import type { Settings } from './settings.js';

export interface AppOptions {
  settings: Settings;
  logger: Logger;
  registry: Registry;
  pool: TokenPool;
  rules: RunningRules;
}

@Module({})
export class AppModule {
  static register({ settings, logger, registry, pool, rules }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [ManagementModule.register({ registry, isReady: () => true })],
      controllers: [
        CalculateController,
        CountTokensController,
        ModelsController,
        DriftController,
        HealthController,
      ],
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: REGISTRY, useValue: registry },
        { provide: APP_GUARD, useClass: ServiceCredentialGuard },
        { provide: LOGGER, useValue: logger },
        { provide: POOL, useValue: pool },
        { provide: RULES, useValue: rules },
        CountingService,
        DriftService,
      ],
    };
  }
}
