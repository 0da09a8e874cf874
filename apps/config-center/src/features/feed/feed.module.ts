import { Module } from '@nestjs/common';
import { FeedAnswers } from './feed-answers.js';
import { FeedStreams } from './feed-streams.js';
import { FeedController } from './feed.controller.js';

@Module({ controllers: [FeedController], providers: [FeedAnswers, FeedStreams] })
export class FeedModule {}
