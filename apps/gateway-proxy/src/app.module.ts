/** What Nest serves in this process: the management routes. */
import { Module, type DynamicModule } from '@nestjs/common';
import { CounterAccess } from './management/counter-access.js';
import { CountersController } from './management/counters.controller.js';
import { GatewayState } from './management/gateway-state.js';
import { ManagementController } from './management/management.controller.js';

@Module({})
export class AppModule {
  static register(state: GatewayState, counters: CounterAccess): DynamicModule {
    return {
      module: AppModule,
      controllers: [ManagementController, CountersController],
      providers: [
        { provide: GatewayState, useValue: state },
        { provide: CounterAccess, useValue: counters },
      ],
    };
  }
}
