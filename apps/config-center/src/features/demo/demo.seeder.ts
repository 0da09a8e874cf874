/**
 * Adds what is missing of the demo data and leaves alone what is there, so that running it again, or
 * from two processes at once, is harmless. A namespace comes with its matchers and rules, an upstream
 * with its models, in one transaction: a seed that dies leaves none of them half made, and what
 * somebody deleted from one that is there stays deleted.
 */
import { modelCreateSchema, upstreamCreateSchema } from '@ai-gateway/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { ConfigRevisions } from '../../platform/revisions/config-revisions.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { ModelsService } from '../models/models.service.js';
import { UpstreamsService } from '../upstreams/upstreams.service.js';
import { DEMO_NAMESPACES, DEMO_UPSTREAMS, type DemoUpstream } from './demo-data.js';
import { DemoNamespaceSeeder, unlessThere } from './demo-namespace.seeder.js';

@Injectable()
export class DemoSeeder {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly revisions: ConfigRevisions,
    private readonly namespaces: DemoNamespaceSeeder,
    private readonly upstreams: UpstreamsService,
    private readonly models: ModelsService,
  ) {}

  async seed(): Promise<void> {
    for (const demo of DEMO_NAMESPACES) await unlessThere(() => this.namespaces.seed(demo));
    for (const demo of DEMO_UPSTREAMS) await unlessThere(() => this.seedUpstream(demo));
  }

  private seedUpstream({ upstream, models }: DemoUpstream): Promise<unknown> {
    const targets = [{ url: this.settings.mockLlmUrl }];
    const body = upstreamCreateSchema.parse({ ...upstream, targets });
    return this.revisions.write(async (tx) => {
      const { upstream_id } = await this.upstreams.insert(tx, body);
      for (const model_name of models) {
        const model = modelCreateSchema.parse({ model_name, upstream_id });
        await unlessThere(() => this.models.insert(tx, model));
      }
    });
  }
}
