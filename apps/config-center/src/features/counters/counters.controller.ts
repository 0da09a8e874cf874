import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { counterSchema, incrementSchema, type Counter, type Increment } from './counters.schema.js';
import { CountersService } from './counters.service.js';

/** Keys contain colons, as they are or percent-encoded. */
@ApiTags('counters')
@Controller('api/v1/counters')
export class CountersController {
  constructor(private readonly counters: CountersService) {}

  @Get(':counter_key')
  @RequirePermission('read')
  @Answers(200, counterSchema)
  read(@Param('counter_key') key: string): Promise<Counter> {
    return this.counters.read(key);
  }

  @Post(':counter_key/increment')
  @HttpCode(200)
  @RequirePermission('write')
  @Answers(200, counterSchema)
  increment(
    @Param('counter_key') key: string,
    @Body({ schema: incrementSchema }) { amount }: Increment,
  ): Promise<Counter> {
    return this.counters.increment(key, amount);
  }
}
