import {
  INSTANCE_STATES,
  heartbeatAnswerSchema,
  heartbeatSchema,
  instanceIdSchema,
  instanceListSchema,
  instanceSchema,
  listQueryOf,
  type Heartbeat,
  type HeartbeatAnswer,
  type Instance,
  type InstanceList,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission, ServiceOnly } from '@ai-gateway/nest-runtime';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { filters } from '../../platform/resources/list-page.js';
import { InstanceHeartbeats } from './instance-heartbeats.js';
import { InstancesService, type InstancesQuery } from './instances.service.js';

const listSchema = listQueryOf(['instance_id', 'last_seen_at', 'revision', 'lag_revisions'], {
  state: z.enum(INSTANCE_STATES).optional(),
  group: filters.text,
});

@ApiTags('instances')
@Controller('api/v1/instances')
export class InstancesController {
  constructor(
    private readonly instances: InstancesService,
    private readonly heartbeats: InstanceHeartbeats,
  ) {}

  @Post('heartbeat')
  @HttpCode(200)
  @ServiceOnly()
  @Answers(200, heartbeatAnswerSchema)
  heartbeat(@Body({ schema: heartbeatSchema }) report: Heartbeat): HeartbeatAnswer {
    return this.heartbeats.take(report);
  }

  @Get()
  @RequirePermission('read')
  @Answers(200, instanceListSchema)
  list(@Query({ schema: listSchema }) query: InstancesQuery): Promise<InstanceList> {
    return this.instances.list(query);
  }

  @Get(':instance_id')
  @RequirePermission('read')
  @Answers(200, instanceSchema)
  find(@Param('instance_id', { schema: instanceIdSchema }) id: string): Promise<Instance> {
    return this.instances.find(id);
  }
}
