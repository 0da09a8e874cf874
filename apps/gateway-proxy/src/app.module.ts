/** Wiring: which parts the process has and in which order they start and stop. */
import { Module, type DynamicModule } from '@nestjs/common';
import { GatewayState } from './management/gateway-state.js';
import { ManagementController } from './management/management.controller.js';

@Module({})
export class AppModule {
  static register(state: GatewayState): DynamicModule {
    return {
      module: AppModule,
      controllers: [ManagementController],
      providers: [{ provide: GatewayState, useValue: state }],
    };
  }
}
