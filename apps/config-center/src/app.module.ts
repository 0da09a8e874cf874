/** The control plane: features on the platform, closed by default. */
import { ManagementModule } from '@ai-gateway/nest-runtime';
import type { Logger, Registry } from '@ai-gateway/node-runtime';
import { Module, type CanActivate, type DynamicModule, type Type } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ENTITIES } from './app.entities.js';
import { FEATURES } from './app.features.js';
import { TABLE_OF_KIND } from './app.resources.js';
import { AccessGuard } from './features/auth/access.guard.js';
import { AppliedWaitInterceptor } from './features/instances/applied-wait.interceptor.js';
import { ActorInterceptor } from './platform/http/actor.interceptor.js';
import { ResourceHeadersInterceptor } from './platform/http/resource-headers.interceptor.js';
import { StaleAnswersInterceptor } from './platform/http/stale-answers.interceptor.js';
import { PlatformModule } from './platform/platform.module.js';
import type { Settings } from './settings.js';

export interface AppOptions {
  settings: Settings;
  logger: Logger;
  registry: Registry;
  isReady: () => Promise<boolean> | boolean;
  /** In place of the guard that knows users; for tests of what lies behind it. */
  guard?: Type<CanActivate>;
}

@Module({})
export class AppModule {
  static register({ guard = AccessGuard, isReady, ...platform }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.register({ ...platform, entities: ENTITIES, tables: TABLE_OF_KIND }),
        ManagementModule.register({ registry: platform.registry, isReady }),
        ...FEATURES,
      ],
      providers: [
        { provide: APP_GUARD, useClass: guard },
        { provide: APP_INTERCEPTOR, useClass: ActorInterceptor },
        { provide: APP_INTERCEPTOR, useClass: StaleAnswersInterceptor },
        { provide: APP_INTERCEPTOR, useClass: ResourceHeadersInterceptor },
        { provide: APP_INTERCEPTOR, useClass: AppliedWaitInterceptor },
      ],
    };
  }
}
