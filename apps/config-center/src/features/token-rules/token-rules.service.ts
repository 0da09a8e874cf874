/**
 * A rule's life: created as a draft, edited, tested, published as its next version, and put back to
 * an earlier version. Gateways see published versions only; every step is audited.
 */
import {
  MAX_RESOURCES,
  tokenRuleDefinitionSchema,
  type Page,
  type TokenRule,
  type TokenRuleCreate,
  type TokenRuleDefinition,
  type TokenRuleTest,
  type TokenRuleTestResult,
  type TokenRuleUpdate,
  type TokenRuleVersions,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import { Not, type EntityManager } from 'typeorm';
import { currentActor } from '../../platform/audit/actor-context.js';
import { Database } from '../../platform/database/database.js';
import { checkVersion, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  duplicate,
  insertRow,
  requireRow,
  updateRow,
} from '../../platform/resources/stored-row.js';
import {
  ConfigRevisions,
  type ConfigTransaction,
  type Written,
} from '../../platform/revisions/config-revisions.js';
import { TokenRuleVersionEntity } from './token-rule-version.entity.js';
import { TokenRuleEntity } from './token-rule.entity.js';
import { TokenRuleTester } from './token-rule.tester.js';
import { definitionOf, tokenRuleOf, versionOf } from './token-rule.views.js';

const OBJECT_TYPE = 'token_rule_draft';

@Injectable()
export class TokenRulesService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly tester: TokenRuleTester,
  ) {}

  list(query: ListQuery): Promise<Page<TokenRule>> {
    const options = { idColumn: 'token_rule_id', view: tokenRuleOf } as const;
    return findPage(this.database.manager, TokenRuleEntity, query, options);
  }

  async find(id: number): Promise<TokenRule> {
    return tokenRuleOf(await ruleRow(this.database.manager, id));
  }

  async versions(id: number): Promise<TokenRuleVersions> {
    await ruleRow(this.database.manager, id);
    const rows = await this.database.manager.find(TokenRuleVersionEntity, {
      where: { token_rule_id: id },
      order: { rule_version: 'DESC' },
      take: MAX_SHOWN_VERSIONS,
    });
    return { items: rows.map(versionOf) };
  }

  async create(body: TokenRuleCreate, publish: boolean): Promise<Written<TokenRule>> {
    const written = await this.revisions.write(async (tx) => {
      await requireRoom(tx.manager);
      await refuseTakenName(tx.manager, body.rule_name, 0);
      const values = { ...body, rule_version: null, draft: body };
      const row = await insertRow(tx, TokenRuleEntity, values);
      const objectId = row.token_rule_id;
      tx.audited({ action: 'create', objectType: OBJECT_TYPE, objectId, after: body });
      return publish ? (await this.publish(objectId, '*')).value : tokenRuleOf(row);
    });
    return written.createdAt(`/api/v1/token-rules/${written.value.token_rule_id}`);
  }

  /** Edits the draft; a published rule goes on as it is. */
  update(
    id: number,
    body: TokenRuleUpdate,
    { expected, publish }: { expected: ExpectedVersion; publish: boolean },
  ): Promise<Written<TokenRule>> {
    return this.revisions.write(async (tx) => {
      const row = await ruleRow(tx.manager, id);
      const before = row.draft;
      const draft = wholeDraft({ ...(before ?? definitionOf(row)), ...body });
      await refuseTakenName(tx.manager, draft.rule_name, id);
      const changes = row.rule_version === null ? { ...draft, draft } : { draft };
      const after = await updateRow(tx, row, { changes, expected });
      tx.audited({ action: 'update', objectType: OBJECT_TYPE, objectId: id, before, after: draft });
      return publish ? (await this.publish(id, '*')).value : tokenRuleOf(after);
    });
  }

  /** Rejects with CONFLICT where nothing is published that would stay. */
  discardDraft(id: number, expected: ExpectedVersion): Promise<Written<TokenRule>> {
    return this.revisions.write(async (tx) => {
      const row = await ruleRow(tx.manager, id);
      if (row.rule_version === null) throw conflict('rule_version', 'was never published');
      const before = requireDraft(row);
      const after = await updateRow(tx, row, { changes: { draft: null }, expected });
      tx.audited({ action: 'delete', objectType: OBJECT_TYPE, objectId: id, before });
      return tokenRuleOf(after);
    });
  }

  publish(id: number, expected: ExpectedVersion): Promise<Written<TokenRule>> {
    return this.revisions.write(async (tx) => {
      const row = await ruleRow(tx.manager, id);
      const definition = requireDraft(row);
      await refuseTakenName(tx.manager, definition.rule_name, id);
      const rule_version = (await lastVersion(tx.manager, id)) + 1;
      await insertRow(tx, TokenRuleVersionEntity, {
        token_rule_id: id,
        rule_version,
        definition,
        revision: tx.revision,
        actor_name: currentActor().username,
      });
      return this.run(tx, row, { expected, changes: { ...definition, rule_version, draft: null } });
    });
  }

  /** A draft stays as it is. */
  rollback(
    id: number,
    rule_version: number,
    expected: ExpectedVersion,
  ): Promise<Written<TokenRule>> {
    return this.revisions.write(async (tx) => {
      const row = await ruleRow(tx.manager, id);
      const definition = await publishedAs(tx.manager, id, rule_version);
      await refuseTakenName(tx.manager, definition.rule_name, id);
      return this.run(tx, row, { expected, changes: { ...definition, rule_version } });
    });
  }

  remove(id: number, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await ruleRow(tx.manager, id);
      checkVersion(row.version, expected);
      const { rule_version, draft } = row;
      await deleteRow(tx, row, expected);
      if (draft !== null) {
        tx.audited({ action: 'delete', objectType: OBJECT_TYPE, objectId: id, before: draft });
      }
      if (rule_version !== null) tx.changed('token_rule', id, null);
    });
  }

  /** Changes nothing. Tests the draft where there is one and no version is named. */
  async test(id: number, { samples, rule_version }: TokenRuleTest): Promise<TokenRuleTestResult> {
    const { manager } = this.database;
    const row = await ruleRow(manager, id);
    const definition =
      rule_version === undefined
        ? (row.draft ?? definitionOf(row))
        : await publishedAs(manager, id, rule_version);
    return this.tester.test(definition, samples);
  }

  private async run(
    tx: ConfigTransaction,
    row: TokenRuleEntity,
    update: { changes: object; expected: ExpectedVersion },
  ): Promise<TokenRule> {
    const after = await updateRow(tx, row, update);
    tx.changed('token_rule', row.token_rule_id, after);
    return tokenRuleOf(after);
  }
}

const MAX_SHOWN_VERSIONS = 200;

const ruleRow = (manager: EntityManager, id: number): Promise<TokenRuleEntity> =>
  requireRow(manager, TokenRuleEntity, { token_rule_id: id });

async function publishedAs(
  manager: EntityManager,
  token_rule_id: number,
  rule_version: number,
): Promise<TokenRuleDefinition> {
  const where = { token_rule_id, rule_version };
  return (await requireRow(manager, TokenRuleVersionEntity, where)).definition;
}

const lastVersion = async (manager: EntityManager, token_rule_id: number): Promise<number> =>
  (await manager.maximum(TokenRuleVersionEntity, 'rule_version', { token_rule_id })) ?? 0;

/** A draft that is put together from two writes must hold together like one that is written whole. */
function wholeDraft(draft: object): TokenRuleDefinition {
  const read = tokenRuleDefinitionSchema.safeParse(draft);
  if (read.success) return read.data;
  const details = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new AdminError('UNPROCESSABLE', { details });
}

function requireDraft({ draft }: TokenRuleEntity): TokenRuleDefinition {
  if (draft === null) throw conflict('draft', 'there is none');
  return draft;
}

const conflict = (path: string, message: string): AdminError =>
  new AdminError('CONFLICT', { details: [{ path, message }] });

/** Drafts are no configuration yet, so the cap of their kind does not count them by itself. */
async function requireRoom(manager: EntityManager): Promise<void> {
  const cap = MAX_RESOURCES.token_rule;
  if ((await manager.count(TokenRuleEntity)) < cap) return;
  const message = `at most ${cap} of kind token_rule`;
  throw new AdminError('CAP_EXCEEDED', { details: [{ path: '', message }] });
}

async function refuseTakenName(manager: EntityManager, name: string, ownId: number): Promise<void> {
  const where = { rule_name: name, token_rule_id: Not(ownId) };
  if (await manager.existsBy(TokenRuleEntity, where)) throw duplicate('rule_name');
}
