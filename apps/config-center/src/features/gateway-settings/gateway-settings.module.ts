import { Module } from '@nestjs/common';
import { GatewaySettingsController } from './gateway-settings.controller.js';
import { GatewaySettingsService } from './gateway-settings.service.js';

@Module({
  controllers: [GatewaySettingsController],
  providers: [GatewaySettingsService],
  exports: [GatewaySettingsService],
})
export class GatewaySettingsModule {}
