/** The token service: one feature, closed by the service credential. */
import { ManagementModule } from '@ai-gateway/nest-runtime';
import type { Registry } from '@ai-gateway/node-runtime';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CalculateController } from './features/calculate/calculate.controller.js';
import { CalculateService } from './features/calculate/calculate.service.js';
import { HealthController } from './features/health/health.controller.js';
import { ServiceCredentialGuard } from './platform/http/service-credential.guard.js';
import { REGISTRY, SETTINGS } from './platform/tokens.js';
import type { Settings } from './settings.js';

export interface AppOptions {
  settings: Settings;
  registry: Registry;
}

@Module({})
export class AppModule {
  static register({ settings, registry }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [ManagementModule.register({ registry, isReady: () => true })],
      controllers: [CalculateController, HealthController],
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: REGISTRY, useValue: registry },
        { provide: APP_GUARD, useClass: ServiceCredentialGuard },
        CalculateService,
      ],
    };
  }
}
