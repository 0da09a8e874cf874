import { Public } from '@ai-gateway/nest-runtime';
import { Controller, Get } from '@nestjs/common';

@Controller()
export class HealthController {
  @Public()
  @Get('health')
  health(): { status: 'healthy' } {
    return { status: 'healthy' };
  }
}
