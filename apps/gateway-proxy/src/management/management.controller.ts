/** What operators and probes ask a gateway. `/livez` says the process runs, `/readyz` that it may get traffic. */
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { GatewayState } from './gateway-state.js';

@Controller()
export class ManagementController {
  constructor(@Inject(GatewayState) private readonly state: GatewayState) {}

  @Get('livez')
  live(): { status: string } {
    return { status: 'alive' };
  }

  @Get('readyz')
  ready(@Res() response: ServerResponse): void {
    const ready = this.state.isReady;
    answerJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready' });
  }

  @Get('health')
  health(@Res() response: ServerResponse): void {
    const health = this.state.health();
    answerJson(response, health.status === 'unhealthy' ? 503 : 200, health);
  }

  @Get('metrics')
  async metrics(@Res() response: ServerResponse): Promise<void> {
    const { registry } = this.state;
    response.setHeader('content-type', registry.contentType);
    response.end(await registry.metrics());
  }
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}
