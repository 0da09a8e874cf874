/**
 * The receiver of configuration: keeps the last good value of every resource and the tables that
 * were compiled from them. A feed is built up beside the running configuration, compiled, and
 * installed by one assignment; `applied` moves only after that. A value that fails its schema or
 * the compile is refused alone: its resource keeps the last good value and a NACK says why.
 *
 * Refused values are tried again with every later feed, because what made them fail (a missing
 * upstream, say) may arrive later. Rejected: applying changes in place with an undo log, which
 * saves a copy of the maps (10 ms for 200,000 resources) and makes every error path delicate.
 */
import {
  CONFIG_KINDS,
  CONFIG_VALUE_SCHEMAS,
  type ConfigChange,
  type ConfigFeed,
  type ConfigHead,
  type ConfigKind,
} from '@ai-gateway/contracts';
import {
  ResourceDraft,
  isConfigKind,
  resourceKey,
  type ConfigResources,
  type Nack,
} from './config-resources.js';
import type { ConfigSnapshot, SnapshotEntry } from './config-snapshot.js';
import { EventLoopPacer } from './event-loop.pacer.js';

export interface CompileProblem {
  kind: ConfigKind;
  id: number;
  reason: string;
}

export interface Compiled<Table> {
  table: Table;
  /** Resources the table had to leave out, with the reason. Empty when all is well. */
  problems: readonly CompileProblem[];
}

export interface ConfigStoreOptions<Table> {
  /**
   * Builds the tables beside the running ones, without side effects: it may run several times per
   * feed. Throwing keeps the whole old configuration.
   */
  compile: (
    resources: ConfigResources,
    head: ConfigHead,
  ) => Compiled<Table> | Promise<Compiled<Table>>;
  /** Called once per applied feed: the place of the one assignment. Must not throw. */
  install: (table: Table, head: ConfigHead) => void;
  /** All kinds together. Default 200,000. */
  maxResources?: number;
}

/**
 * `ignored`: older than, or the same as, what is applied. `gap`: a delta that does not continue
 * what is applied, ask for everything. `rejected`: the whole feed, the old configuration stays.
 */
export type ApplyOutcome =
  | { status: 'applied'; head: ConfigHead; nacks: readonly Nack[] }
  | { status: 'ignored' }
  | { status: 'gap' }
  | { status: 'rejected'; reason: string };

const MAX_RESOURCES = 200_000;
/** Each round drops at least one refused value; real configurations need one or two. */
const MAX_COMPILE_ROUNDS = 8;

/** A candidate value; undefined where it failed its schema. */
interface Candidate {
  kind: ConfigKind;
  id: number;
  revision: number;
  value: unknown;
}
interface Refusal extends Nack {
  candidate: Candidate | null;
}
interface Draft {
  resources: ResourceDraft;
  /** What differs from the last good configuration and may be taken back. */
  candidates: Map<string, Candidate>;
  refusals: Map<string, Refusal>;
}

export class ConfigStore<Table> {
  private appliedHead: ConfigHead | null = null;
  private good: ConfigResources = new ResourceDraft(null).resources;
  private refusals = new Map<string, Refusal>();
  private standing: readonly Nack[] = [];
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ConfigStoreOptions<Table>) {}

  /** Null until the first configuration is applied. */
  get applied(): ConfigHead | null {
    return this.appliedHead;
  }

  /** Last good values. */
  get resources(): ConfigResources {
    return this.good;
  }

  /** What is refused now. */
  get nacks(): readonly Nack[] {
    return this.standing;
  }

  /**
   * @param since what a delta was asked to continue from; it may be older than what is applied
   *   meanwhile. Calls are taken one after the other.
   */
  apply(feed: ConfigFeed, since: ConfigHead | null): Promise<ApplyOutcome> {
    const outcome = this.queue.then(() => this.applyNow(feed, since));
    this.queue = outcome.catch(() => undefined);
    return outcome;
  }

  /** What `restore` needs to go on from here; null until a configuration is applied. */
  capture(): ConfigSnapshot | null {
    if (this.appliedHead === null) return null;
    const { revision } = this.appliedHead;
    const entries: SnapshotEntry[] = [];
    for (const kind of CONFIG_KINDS) {
      for (const [id, value] of this.good[kind]) entries.push({ kind, id, revision, value });
    }
    return { ...this.appliedHead, entries };
  }

  /** Puts a snapshot in place of whatever is applied, also of a newer revision. */
  restore({ epoch, revision, entries }: ConfigSnapshot): Promise<ApplyOutcome> {
    const feed: ConfigFeed = { type: 'full', epoch, revision, changes: [...entries] };
    const outcome = this.queue.then(() => this.take(feed));
    this.queue = outcome.catch(() => undefined);
    return outcome;
  }

  private async applyNow(feed: ConfigFeed, since: ConfigHead | null): Promise<ApplyOutcome> {
    const verdict = this.judge(feed, since);
    return verdict === null ? this.take(feed) : { status: verdict };
  }

  private async take(feed: ConfigFeed): Promise<ApplyOutcome> {
    const draft = await this.draftOf(feed);
    const max = this.options.maxResources ?? MAX_RESOURCES;
    if (draft.resources.size > max) {
      const reason = `${draft.resources.size} resources, more than the ${max} allowed`;
      return { status: 'rejected', reason };
    }
    const head = { epoch: feed.epoch, revision: feed.revision };
    try {
      const compiled = await this.compileGood(draft, head);
      this.options.install(compiled.table, head);
      this.commit(draft, head, compiled.problems);
    } catch (error) {
      return { status: 'rejected', reason: error instanceof Error ? error.message : String(error) };
    }
    return { status: 'applied', head, nacks: this.standing };
  }

  private judge(feed: ConfigFeed, since: ConfigHead | null): 'ignored' | 'gap' | null {
    const applied = this.appliedHead;
    const sameEpoch = applied?.epoch === feed.epoch;
    if (sameEpoch && feed.revision <= applied.revision) return 'ignored';
    if (feed.type === 'full') return null;
    const continues =
      sameEpoch && since?.epoch === applied.epoch && since.revision <= applied.revision;
    return continues ? null : 'gap';
  }

  private async draftOf(feed: ConfigFeed): Promise<Draft> {
    const delta = feed.type === 'delta';
    const draft: Draft = {
      resources: new ResourceDraft(delta ? this.good : null),
      candidates: new Map(),
      refusals: new Map(delta ? this.refusals : null),
    };
    if (delta) retryRefused(draft);
    const pacer = new EventLoopPacer();
    const newest = new Map<string, number>();
    for (const change of feed.changes) {
      await pacer.pause();
      if (delta && change.revision <= (this.appliedHead?.revision ?? 0)) continue;
      const key = resourceKey(change.kind, change.id);
      if (change.revision < (newest.get(key) ?? 0)) continue;
      newest.set(key, change.revision);
      this.takeChange(change, key, draft);
    }
    return draft;
  }

  /** Puts one change into the draft, or its last good value and a refusal. */
  private takeChange(change: ConfigChange, key: string, draft: Draft): void {
    const { kind, id, revision } = change;
    const value = change.value ?? null;
    draft.refusals.delete(key);
    draft.candidates.delete(key);
    if (!isConfigKind(kind)) {
      const reason = 'this version does not know the kind';
      if (value !== null) draft.refusals.set(key, { kind, id, revision, reason, candidate: null });
      return;
    }
    const parsed = value === null ? null : CONFIG_VALUE_SCHEMAS[kind].safeParse(value);
    if (parsed !== null && !parsed.success) {
      const issue = parsed.error.issues[0];
      const reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}`;
      draft.refusals.set(key, { kind, id, revision, reason, candidate: null });
      draft.resources.put(kind, id, this.good[kind].get(id));
      return;
    }
    const candidate = { kind, id, revision, value: parsed?.data };
    draft.candidates.set(key, candidate);
    draft.resources.put(kind, id, candidate.value);
  }

  /** Compiles until no new value is at fault, taking back the ones that are. */
  private async compileGood(draft: Draft, head: ConfigHead): Promise<Compiled<Table>> {
    for (let round = 0; round < MAX_COMPILE_ROUNDS; round += 1) {
      const compiled = await this.options.compile(draft.resources.resources, head);
      const takenBack = compiled.problems.filter((problem) => this.takeBack(problem, draft));
      if (takenBack.length === 0) return compiled;
    }
    throw new Error(`still not consistent after ${MAX_COMPILE_ROUNDS} attempts to compile`);
  }

  /** False when the value at fault is not new: there is nothing better to go back to. */
  private takeBack({ kind, id, reason }: CompileProblem, draft: Draft): boolean {
    const key = resourceKey(kind, id);
    const candidate = draft.candidates.get(key);
    if (candidate === undefined) return false;
    draft.candidates.delete(key);
    draft.refusals.set(key, { kind, id, revision: candidate.revision, reason, candidate });
    draft.resources.put(kind, id, this.good[kind].get(id));
    return true;
  }

  private commit(draft: Draft, head: ConfigHead, problems: readonly CompileProblem[]): void {
    this.good = draft.resources.resources;
    this.refusals = draft.refusals;
    this.appliedHead = head;
    const refused = [...draft.refusals.values()];
    const leftOut = problems.filter(({ kind, id }) => !draft.refusals.has(resourceKey(kind, id)));
    this.standing = [
      ...refused.map(({ kind, id, revision, reason }) => ({ kind, id, revision, reason })),
      ...leftOut.map((problem) => ({ ...problem, revision: head.revision })),
    ];
  }
}

function retryRefused({ resources, candidates, refusals }: Draft): void {
  for (const [key, { candidate }] of refusals) {
    if (candidate === null) continue;
    refusals.delete(key);
    candidates.set(key, candidate);
    resources.put(candidate.kind, candidate.id, candidate.value);
  }
}
