/** `/livez`, `/readyz` and `/metrics` of a Nest process. */
import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import type { Registry } from '@ai-gateway/node-runtime';
import { Public, ServiceOnly } from './access.decorators.js';

export interface ManagementOptions {
  registry: Registry;
  /** False while the process must not get traffic. Must not throw and must answer fast. */
  isReady: () => Promise<boolean> | boolean;
}

const OPTIONS = Symbol('ManagementOptions');

@ApiExcludeController()
@Controller()
class ManagementController {
  constructor(@Inject(OPTIONS) private readonly options: ManagementOptions) {}

  @Public()
  @Get('livez')
  live(): { status: string } {
    return { status: 'alive' };
  }

  @Public()
  @Get('readyz')
  async ready(@Res() response: ServerResponse): Promise<void> {
    const ready = await this.options.isReady();
    response.statusCode = ready ? 200 : 503;
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ status: ready ? 'ready' : 'not_ready' }));
  }

  @ServiceOnly()
  @Get('metrics')
  async metrics(@Res() response: ServerResponse): Promise<void> {
    const { registry } = this.options;
    const text = await registry.metrics();
    response.setHeader('content-type', registry.contentType);
    response.end(text);
  }
}

@Module({})
export class ManagementModule {
  static register(options: ManagementOptions): DynamicModule {
    return {
      module: ManagementModule,
      controllers: [ManagementController],
      providers: [{ provide: OPTIONS, useValue: options }],
    };
  }
}
