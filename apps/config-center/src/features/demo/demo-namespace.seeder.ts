/** Adds one demo namespace with all that belongs to it, in one transaction. */
import {
  matcherCreateSchema,
  namespaceCreateSchema,
  policyCreateSchema,
  ruleCreateSchema,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import {
  ConfigRevisions,
  type ConfigTransaction,
} from '../../platform/revisions/config-revisions.js';
import { MatchersService } from '../matchers/matchers.service.js';
import { hasDefaultNamespace } from '../namespaces/namespaces.read-model.js';
import { NamespacesService } from '../namespaces/namespaces.service.js';
import { PoliciesService } from '../policies/policies.service.js';
import { RulesService } from '../rules/rules.service.js';
import type { DemoNamespace } from './demo-data.js';

@Injectable()
export class DemoNamespaceSeeder {
  constructor(
    private readonly revisions: ConfigRevisions,
    private readonly namespaces: NamespacesService,
    private readonly matchers: MatchersService,
    private readonly rules: RulesService,
    private readonly policies: PoliciesService,
  ) {}

  /** Rejects with CONFLICT when there is one of its code. */
  seed({ namespace, policy, matchers, rules }: DemoNamespace): Promise<unknown> {
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
}

/** A name that is taken is refused before anything is written. */
export async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof AdminError) || error.code !== 'CONFLICT') throw error;
  }
}
