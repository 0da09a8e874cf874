import { Module } from '@nestjs/common';
import { FeedStreams } from './feed-streams.js';
import { FeedController } from './feed.controller.js';

@Module({ controllers: [FeedController], providers: [FeedStreams] })
export class FeedModule {}
