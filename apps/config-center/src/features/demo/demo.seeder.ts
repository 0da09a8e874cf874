/**
 * Adds what is missing of the demo data and leaves alone what is there, so that running it again, or
 * from two processes at once, is harmless. A namespace comes with its matchers and rules, an upstream
 * with its models, in one transaction: a seed that dies leaves none of them half made, and what
 * somebody deleted from one that is there stays deleted.
 */
import {
  matcherCreateSchema,
  modelCreateSchema,
  namespaceCreateSchema,
  policyCreateSchema,
  ruleCreateSchema,
  upstreamCreateSchema,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Inject, Injectable } from '@nestjs/common';
import {
  ConfigRevisions,
  type ConfigTransaction,
} from '../../platform/revisions/config-revisions.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { MatchersService } from '../matchers/matchers.service.js';
import { ModelsService } from '../models/models.service.js';
import { hasDefaultNamespace } from '../namespaces/namespaces.read-model.js';
import { NamespacesService } from '../namespaces/namespaces.service.js';
import { PoliciesService } from '../policies/policies.service.js';
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
    private readonly revisions: ConfigRevisions,
    private readonly namespaces: NamespacesService,
    private readonly matchers: MatchersService,
    private readonly rules: RulesService,
    private readonly policies: PoliciesService,
    private readonly upstreams: UpstreamsService,
    private readonly models: ModelsService,
  ) {}

  async seed(): Promise<void> {
    for (const demo of DEMO_NAMESPACES) await unlessThere(() => this.seedNamespace(demo));
    for (const demo of DEMO_UPSTREAMS) await unlessThere(() => this.seedUpstream(demo));
  }

  private seedNamespace({ namespace, policy, matchers, rules }: DemoNamespace): Promise<unknown> {
    return this.revisions.write(async (tx) => {
      const body = namespaceCreateSchema.parse(namespace);
      const is_default = body.is_default && !(await hasDefaultNamespace(tx.manager));
      const policy_ids = policy === null ? [] : await this.seedPolicy(tx, policy);
      const values = { ...body, is_default, policy_ids };
      const { namespace_id } = await this.namespaces.insert(tx, values);
      for (const matcher of matchers) {
        await this.matchers.insert(tx, namespace_id, matcherCreateSchema.parse(matcher));
      }
      for (const rule of rules) {
        await this.rules.insert(tx, namespace_id, ruleCreateSchema.parse(rule));
      }
    });
  }

  /** A policy of that name which somebody else made is left alone, and not inherited from. */
  private async seedPolicy(
    tx: ConfigTransaction,
    policy: NonNullable<DemoNamespace['policy']>,
  ): Promise<number[]> {
    const ids: number[] = [];
    await unlessThere(async () => {
      const { policy_id } = await this.policies.insert(tx, policyCreateSchema.parse(policy));
      ids.push(policy_id);
    });
    return ids;
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

/** A name that is taken is refused before anything is written. */
async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof AdminError) || error.code !== 'CONFLICT') throw error;
  }
}
