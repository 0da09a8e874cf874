import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { createLogger, createRegistry } from '@ai-gateway/node-runtime';
import {
  Controller,
  Get,
  Module,
  type DynamicModule,
  type NestApplicationOptions,
  type Type,
} from '@nestjs/common';
import { Public } from '@ai-gateway/nest-runtime';
import { describe, expect, it } from 'vitest';
import { AppModule } from '../../app.module.js';
import { readSettings } from '../../settings.js';
import { resourceOfPath } from './access-matrix.js';
import { routesOf, type DeclaredRoute } from './route-table.contract.js';

/** Preview mode builds the table of routes and instantiates nothing. */
async function routesIn(module: Type | DynamicModule): Promise<DeclaredRoute[]> {
  const options: NestApplicationOptions = { preview: true, logger: false };
  const app = await NestFactory.create(module, options);
  return routesOf(app);
}

const undeclared = (routes: DeclaredRoute[]) =>
  routes.filter(({ accesses }) => accesses.length !== 1).map(({ name }) => name);

@Controller('careless')
class CarelessController {
  @Get('forgotten')
  forgotten(): string {
    return 'forgotten';
  }

  @Public()
  @Get('open')
  open(): string {
    return 'open';
  }
}
@Module({ controllers: [CarelessController] })
class CarelessModule {}

@Public()
@Controller('contradictory')
class ContradictoryController {
  @Public()
  @Get()
  twice(): string {
    return 'twice';
  }
}
@Module({ controllers: [ContradictoryController] })
class ContradictoryModule {}

const secret = 'a'.repeat(64);
const settings = readSettings({ MASTER_KEY: secret, GATEWAY_SERVICE_CREDENTIAL: secret });
const appModule = AppModule.register({
  settings,
  logger: createLogger({ name: 'test', level: 'error' }),
  registry: createRegistry(),
  isReady: () => true,
});

describe('the route table', () => {
  it('shows a route that declares no access, or two', async () => {
    expect(undeclared(await routesIn(CarelessModule))).toEqual(['GET /careless/forgotten']);
    expect(undeclared(await routesIn(ContradictoryModule))).toEqual(['GET /contradictory']);
  });

  it('has exactly one declared access for every route of the control plane', async () => {
    const routes = await routesIn(appModule);
    expect(routes.length).toBeGreaterThan(15);
    expect(undeclared(routes)).toEqual([]);
  });

  it('names a resource of the access matrix wherever a permission is asked for', async () => {
    const nameless = (await routesIn(appModule))
      .filter(({ accesses: [access] }) => access?.kind === 'permission')
      .filter(({ pattern }) => resourceOfPath(pattern) === null);
    expect(nameless.map(({ name }) => name)).toEqual([]);
  });

  it('opens to everybody only what must be open', async () => {
    const open = (await routesIn(appModule)).filter(
      ({ accesses: [access] }) => access?.kind === 'public',
    );
    const allowed = ['/livez', '/readyz', '/health', '/api/v1/auth/login', '/api/v1/auth/refresh'];
    expect(open.map(({ pattern }) => pattern).filter((path) => !allowed.includes(path))).toEqual(
      [],
    );
  });
});
