import { Module } from '@nestjs/common';
import { RoutesController } from './routes.controller.js';
import { RoutesService } from './routes.service.js';

@Module({ controllers: [RoutesController], providers: [RoutesService] })
export class RoutesModule {}
