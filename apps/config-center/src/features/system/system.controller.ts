import type { IncomingMessage, ServerResponse } from 'node:http';
import { Answers, Public, RequirePermission, principalOf } from '@ai-gateway/nest-runtime';
import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { healthSchema, statsSchema, syncResultSchema } from './system.schema.js';
import type { Stats, SyncResult } from './system.schema.js';
import { SystemService } from './system.service.js';

@ApiTags('system')
@Controller()
export class SystemController {
  constructor(private readonly system: SystemService) {}

  /** 503 when unhealthy; the detail only for who shows a credential. */
  @Get('health')
  @Public()
  @Answers(200, healthSchema)
  async health(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const health = await this.system.health();
    const shown = principalOf(request) === null ? { status: health.status } : health;
    response.statusCode = health.status === 'unhealthy' ? 503 : 200;
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify(shown));
  }

  @Get('stats')
  @RequirePermission('read')
  @Answers(200, statsSchema)
  stats(): Promise<Stats> {
    return this.system.stats();
  }

  @Post('sync')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, syncResultSchema)
  sync(): Promise<SyncResult> {
    return this.system.sync();
  }
}
