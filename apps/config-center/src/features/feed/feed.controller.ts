/** The configuration feed for gateways that cannot or need not read it from Redis. */
import type { ServerResponse } from 'node:http';
import {
  configFeedSchema,
  configHeadSchema,
  type ConfigFeed,
  type ConfigHead,
} from '@ai-gateway/contracts';
import { Answers, ServiceOnly } from '@ai-gateway/nest-runtime';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { FeedStreams } from './feed-streams.js';

const sinceSchema = z.strictObject({
  epoch: configHeadSchema.shape.epoch.optional(),
  revision: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .optional(),
});

@ApiTags('feed')
@ServiceOnly()
@Controller('api/v1/feed')
export class FeedController {
  constructor(
    private readonly log: ChangeLog,
    private readonly streams: FeedStreams,
  ) {}

  @Get('head')
  @Answers(200, configHeadSchema)
  head(): Promise<ConfigHead> {
    return this.log.head();
  }

  /** What the caller lacks; everything without `epoch` and `revision`. */
  @Get('changes')
  @Answers(200, configFeedSchema)
  changes(
    @Query({ schema: sinceSchema }) { epoch, revision }: z.output<typeof sinceSchema>,
  ): Promise<ConfigFeed> {
    const since = epoch === undefined || revision === undefined ? null : { epoch, revision };
    return this.log.feedSince(since);
  }

  @Get('stream')
  stream(@Res() response: ServerResponse): void {
    this.streams.open(response);
  }
}
