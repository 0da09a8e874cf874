/** Starts the application on a free port for tests and speaks to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigChange, ConfigFeed } from '@ai-gateway/contracts';
import {
  createLogger,
  createRegistry,
  newMasterKeyText,
  parseMasterKey,
} from '@ai-gateway/node-runtime';
import { Injectable, type CanActivate } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from './create-app.js';
import type { Settings } from './settings.js';

export const SERVICE_CREDENTIAL = 'a-service-credential-of-tests';

/** Opens every route, for tests of what lies behind the guard. */
@Injectable()
class OpenGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

export function testSettings(overrides: Partial<Settings> = {}): Settings {
  return {
    port: 0,
    host: '127.0.0.1',
    logLevel: 'error',
    dataDir: mkdtempSync(join(tmpdir(), 'config-center-')),
    tokenizerDir: '',
    databaseUrl: null,
    redisUrl: null,
    masterKey: parseMasterKey(newMasterKeyText()),
    jwtPrivateKey: null,
    jwtSecret: null,
    bootstrapAdminPassword: 'correct horse battery',
    serviceCredential: SERVICE_CREDENTIAL,
    gatewayManagementUrl: 'http://127.0.0.1:9',
    upstreamAllowAddresses: ['127.0.0.0/8'],
    mockLlmUrl: 'http://127.0.0.1:8003',
    instanceRetentionHours: 24,
    backupDir: null,
    backupIntervalHours: 24,
    backupKeep: 14,
    revisionKeep: 10_000,
    seedDemoData: false,
    serveDocs: true,
    staleReadMs: 600_000,
    ...overrides,
  };
}

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface CallOptions {
  body?: unknown;
  ifMatch?: string;
  headers?: Record<string, string>;
}

export class TestApp {
  private constructor(
    readonly app: NestExpressApplication,
    readonly settings: Settings,
    readonly url: string,
  ) {}

  static async start(settings: Settings, options: { guarded?: boolean } = {}): Promise<TestApp> {
    const logger = createLogger({ name: 'test', level: settings.logLevel });
    const guard = options.guarded === true ? {} : { guard: OpenGuard };
    const app = await createApp({ settings, logger, registry: createRegistry(), ...guard });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new TestApp(app, settings, `http://127.0.0.1:${port}`);
  }

  async call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    { body, ifMatch, headers = {} }: CallOptions = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = (text === '' ? null : JSON.parse(text)) as Body;
    return { status: response.status, headers: response.headers, body: parsed };
  }

  /** Reads a feed of lines, for example `changes?epoch=…&revision=3` or `at/3`. */
  async feed(path: string): Promise<ConfigFeed> {
    const response = await fetch(`${this.url}/api/v1/feed/${path}`);
    const lines = (await response.text()).trimEnd().split('\n');
    const [envelope, ...rest] = lines.map((line) => JSON.parse(line) as unknown);
    const end = rest.pop();
    if (JSON.stringify(end) !== `{"end":${rest.length}}`) throw new Error('the feed is not whole');
    return { ...(envelope as Omit<ConfigFeed, 'changes'>), changes: rest as ConfigChange[] };
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.settings.dataDir, { recursive: true, force: true });
  }
}

const isRaw = (body: unknown): body is string | Buffer<ArrayBuffer> =>
  typeof body === 'string' || Buffer.isBuffer(body);
