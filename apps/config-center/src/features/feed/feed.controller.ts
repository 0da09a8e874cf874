/** The configuration feed for gateways that cannot or need not read it from Redis. */
import type { ServerResponse } from 'node:http';
import { configHeadSchema, type ConfigHead } from '@ai-gateway/contracts';
import { AdminError, Answers, ServiceOnly } from '@ai-gateway/nest-runtime';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { FeedAnswers } from './feed-answers.js';
import { FeedStreams } from './feed-streams.js';

const NDJSON = 'application/x-ndjson';

const revisionSchema = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);

const sinceSchema = z.strictObject({
  epoch: configHeadSchema.shape.epoch.optional(),
  revision: revisionSchema.optional(),
});

@ApiTags('feed')
@ServiceOnly()
@Controller('api/v1/feed')
export class FeedController {
  constructor(
    private readonly log: ChangeLog,
    private readonly answers: FeedAnswers,
    private readonly streams: FeedStreams,
  ) {}

  @Get('head')
  @Answers(200, configHeadSchema)
  head(): Promise<ConfigHead> {
    return this.log.head();
  }

  /** What the caller lacks; everything without `epoch` and `revision`. */
  @Get('changes')
  @ApiProduces(NDJSON)
  async changes(
    @Query({ schema: sinceSchema }) { epoch, revision }: z.output<typeof sinceSchema>,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const since = epoch === undefined || revision === undefined ? null : { epoch, revision };
    await this.answers.send(await this.log.openFeed(since), response);
  }

  /** Everything as it was at a revision. */
  @Get('at/:revision')
  @ApiProduces(NDJSON)
  async at(
    @Param('revision', { schema: revisionSchema }) revision: number,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const feed = await this.log.openFeedAt(revision);
    if (feed === null) throw new AdminError('NOT_FOUND');
    await this.answers.send(feed, response);
  }

  @Get('stream')
  stream(@Res() response: ServerResponse): void {
    this.streams.open(response);
  }
}
