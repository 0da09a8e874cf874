/**
 * Counters of this process, for the control plane of an installation without Redis: only on the
 * management listener, only with the service credential.
 */
import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import {
  internalCounterAddSchema,
  type InternalCounterAdded,
  type InternalCounters,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { IncomingMessage } from 'node:http';
import { CounterAccess } from './counter-access.js';

const MAX_BODY_BYTES = 4096;

@Controller('internal/counters')
export class CountersController {
  constructor(@Inject(CounterAccess) private readonly counters: CounterAccess) {}

  @Get(':ruleId')
  async read(
    @Req() request: IncomingMessage,
    @Param('ruleId') ruleId: string,
    @Query('namespace') namespace = '',
    @Query('scope') scope = '-',
  ): Promise<InternalCounters> {
    this.counters.requireService(request.headers.authorization);
    return { counters: await this.counters.read({ namespace, ruleId, scope }) };
  }

  @Post(':ruleId')
  @HttpCode(200)
  async add(
    @Req() request: IncomingMessage,
    @Param('ruleId') ruleId: string,
    @Query('namespace') namespace = '',
    @Query('scope') scope = '-',
  ): Promise<InternalCounterAdded> {
    this.counters.requireService(request.headers.authorization);
    const addition = internalCounterAddSchema.safeParse(await readJson(request));
    if (!addition.success) throw new AdminError('VALIDATION_FAILED');
    return { value: await this.counters.add({ namespace, ruleId, scope }, addition.data) };
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new AdminError('PAYLOAD_TOO_LARGE');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new AdminError('INVALID_JSON', { cause });
  }
}
