/**
 * Adds what is missing of the demo data and leaves alone what is there, so that running it again, or
 * from two processes at once, is harmless.
 */
import {
  matcherCreateSchema,
  modelCreateSchema,
  namespaceCreateSchema,
  ruleCreateSchema,
  upstreamCreateSchema,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { ListQuery } from '../../platform/resources/list-page.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { MatchersService } from '../matchers/matchers.service.js';
import { ModelsService } from '../models/models.service.js';
import { NamespacesService } from '../namespaces/namespaces.service.js';
import { RulesService } from '../rules/rules.service.js';
import { UpstreamsService } from '../upstreams/upstreams.service.js';
import {
  DEMO_NAMESPACES,
  DEMO_UPSTREAMS,
  type DemoNamespace,
  type DemoUpstream,
} from './demo-data.js';

@Injectable()
export class DemoSeeder {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly namespaces: NamespacesService,
    private readonly matchers: MatchersService,
    private readonly rules: RulesService,
    private readonly upstreams: UpstreamsService,
    private readonly models: ModelsService,
  ) {}

  async seed(): Promise<void> {
    for (const demo of DEMO_NAMESPACES) await unlessThere(() => this.seedNamespace(demo));
    for (const demo of DEMO_UPSTREAMS) await this.seedUpstream(demo);
  }

  /** A code that exists ends it before anything else is written. */
  private async seedNamespace({ namespace, matchers, rules }: DemoNamespace): Promise<void> {
    const { value } = await this.namespaces.create(namespaceCreateSchema.parse(namespace));
    for (const matcher of matchers) {
      await this.matchers.create(value.namespace_id, matcherCreateSchema.parse(matcher));
    }
    for (const rule of rules) {
      await this.rules.create(value.namespace_id, ruleCreateSchema.parse(rule));
    }
  }

  private async seedUpstream({ upstream, models }: DemoUpstream): Promise<void> {
    const targets = [{ url: this.settings.mockLlmUrl }];
    const body = upstreamCreateSchema.parse({ ...upstream, targets });
    await unlessThere(() => this.upstreams.create(body));
    const query = { ...FIRST, sort: 'upstream_id', upstream_code: upstream.upstream_code };
    const [existing] = (await this.upstreams.list(query)).items;
    if (existing === undefined) return;
    for (const model_name of models) {
      const model = modelCreateSchema.parse({ model_name, upstream_id: existing.upstream_id });
      await unlessThere(() => this.models.create(model));
    }
  }
}

const FIRST: Omit<ListQuery, 'sort'> = { page: 1, size: 1 };

async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof AdminError) || error.code !== 'CONFLICT') throw error;
  }
}
