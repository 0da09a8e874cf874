/**
 * The receiver of configuration: keeps the last good value of every resource and the table that was
 * compiled from them. A feed is put together beside the running configuration, compiled, and
 * installed by one assignment; `applied` moves only after that. A value that fails its schema or
 * the compile is refused alone: its resource keeps the last good value and a NACK says why.
 *
 * Refused values are tried again with every later feed, because what made them fail (a missing
 * upstream, say) may arrive later. A full feed is compared with what is there, so that only what
 * differs is validated and compiled. Rejected: applying changes in place with an undo log, which
 * makes every error path delicate.
 */
import {
  MAX_RESOURCES,
  type ConfigChange,
  type ConfigFeed,
  type ConfigHead,
  type ConfigKind,
} from '@ai-gateway/contracts';
import { digestText } from './config-digest.js';
import {
  ConfigDraft,
  EMPTY_STATE,
  type ChangedResource,
  type ConfigState,
} from './config-draft.js';
import { isConfigKind, resourceKey, type ConfigResources, type Nack } from './config-resources.js';
import { captureState, restorable } from './config-restore.js';
import type { ConfigSnapshot } from './config-snapshot.js';
import { EventLoopPacer } from './event-loop.pacer.js';

export interface CompileProblem {
  readonly kind: ConfigKind;
  readonly id: number;
  readonly reason: string;
}

export interface Compiled<Table> {
  table: Table;
  /** Resources the table had to leave out, with the reason. Empty when all is well. */
  problems: readonly CompileProblem[];
}

/** An earlier table, and every resource that may differ from what it was compiled from. */
export interface CompileBase<Table> {
  readonly table: Table;
  readonly changed: readonly ChangedResource[];
}

export interface ConfigStoreOptions<Table> {
  /**
   * Builds the tables beside the running ones, without side effects: it may run several times per
   * feed, and what it returns may be thrown away. Throwing keeps the whole old configuration.
   * @param resources held values are applied already; the maps never change
   * @param base null: compile everything
   */
  compile: (
    resources: ConfigResources,
    head: ConfigHead,
    base: CompileBase<Table> | null,
  ) => Compiled<Table> | Promise<Compiled<Table>>;
  /** Called once per applied feed: the place of the one assignment. Must not throw. */
  install: (table: Table, head: ConfigHead) => void;
  /** The labels of this instance, `instance:<id>` among them: whose held values do not concern it. */
  groups?: readonly string[];
  /** Most resources of a kind. */
  caps?: Readonly<Partial<Record<string, number>>>;
  nowMs?: () => number;
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

/** Each round drops at least one refused value; real configurations need one or two. */
const MAX_COMPILE_ROUNDS = 8;
/** Of kinds only a newer version knows: kept, so that the digest says what was received. */
const MAX_UNKNOWN = 100_000;

interface Applied<Table> {
  readonly head: ConfigHead;
  readonly state: ConfigState;
  readonly table: Table;
  readonly nacks: readonly Nack[];
}

interface Load<Table> {
  readonly head: ConfigHead;
  readonly type: ConfigFeed['type'];
  readonly changes: readonly ConfigChange[];
  readonly state: ConfigState;
  /** What `state` was compiled to; null: never. */
  readonly table: { readonly table: Table } | null;
}

export class ConfigStore<Table> {
  private now: Applied<Table> | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly groups: ReadonlySet<string>;

  constructor(private readonly options: ConfigStoreOptions<Table>) {
    this.groups = new Set(options.groups);
  }

  /** Null until the first configuration is applied. */
  get applied(): ConfigHead | null {
    return this.now?.head ?? null;
  }

  /** What runs: last good values, held values in place of what they stand in for. */
  get resources(): ConfigResources {
    return this.state.resources;
  }

  /** What is refused now. */
  get nacks(): readonly Nack[] {
    return this.now?.nacks ?? [];
  }

  /** Digest of all that was received, refused values included: 32 hex digits. */
  get digest(): string {
    return digestText(this.state.digest);
  }

  /**
   * @param since what a delta was asked to continue from; it may be older than what is applied
   *   meanwhile. Calls are taken one after the other.
   */
  apply(feed: ConfigFeed, since: ConfigHead | null): Promise<ApplyOutcome> {
    return this.inTurn(async () => {
      const verdict = this.judge(feed, since);
      if (verdict !== null) return { status: verdict };
      const { epoch, revision, type, changes } = feed;
      const state = this.state;
      return this.load({ head: { epoch, revision }, type, changes, state, table: this.now });
    });
  }

  /** What a restart needs to go on as if there had been none; null while nothing is applied. */
  capture(): ConfigSnapshot | null {
    return this.now === null ? null : { ...this.now.head, entries: captureState(this.now.state) };
  }

  /**
   * Puts a snapshot in place of whatever is applied, also of a newer revision. What it says is
   * refused is tried again; what fails serves its last good value in the snapshot, or else what
   * runs now.
   */
  restore(snapshot: ConfigSnapshot): Promise<ApplyOutcome> {
    return this.inTurn(async () => {
      const { epoch, revision } = snapshot;
      const state = await restorable(snapshot.entries, this.state);
      const changes = snapshot.entries;
      return this.load({ head: { epoch, revision }, type: 'full', changes, state, table: null });
    });
  }

  private get state(): ConfigState {
    return this.now?.state ?? EMPTY_STATE;
  }

  private inTurn(work: () => Promise<ApplyOutcome>): Promise<ApplyOutcome> {
    const outcome = this.queue.then(work);
    this.queue = outcome.catch(() => undefined);
    return outcome;
  }

  private judge(feed: ConfigFeed, since: ConfigHead | null): 'ignored' | 'gap' | null {
    const { applied } = this;
    const sameEpoch = applied?.epoch === feed.epoch;
    if (sameEpoch && feed.revision <= applied.revision) return 'ignored';
    if (feed.type === 'full') return null;
    const continues =
      sameEpoch && since?.epoch === applied.epoch && since.revision <= applied.revision;
    return continues ? null : 'gap';
  }

  private async load(load: Load<Table>): Promise<ApplyOutcome> {
    const now = new Date((this.options.nowMs ?? Date.now)()).toISOString();
    const draft = new ConfigDraft(load.state, { groups: this.groups, now });
    await this.takeAll(load, draft);
    const excess = draft.overCap((kind) => this.capOf(kind));
    if (excess !== null) return { status: 'rejected', reason: excess };
    try {
      const { table, problems } = await this.compileGood(load, draft);
      const state = draft.finished(load.head, problems);
      this.options.install(table, load.head);
      this.now = { head: load.head, state, table, nacks: nacksOf(state, load.head) };
    } catch (error) {
      return { status: 'rejected', reason: error instanceof Error ? error.message : String(error) };
    }
    return { status: 'applied', head: load.head, nacks: this.nacks };
  }

  private async takeAll({ type, changes, state }: Load<Table>, draft: ConfigDraft): Promise<void> {
    const known = type === 'delta' ? (this.applied?.revision ?? 0) : -1;
    const pacer = new EventLoopPacer();
    const newest = new Map<string, number>();
    for (const change of changes) {
      await pacer.pause();
      if (change.revision <= known) continue;
      const key = resourceKey(change.kind, change.id);
      if (change.revision < (newest.get(key) ?? 0)) continue;
      newest.set(key, change.revision);
      draft.take(change);
    }
    if (type === 'full') {
      for (const [key, { entry }] of state.received) {
        await pacer.pause();
        if (!newest.has(key)) draft.remove(entry.kind, entry.id);
      }
    }
    draft.seal();
  }

  private capOf(kind: string): number {
    const { caps = MAX_RESOURCES } = this.options;
    return caps[kind as ConfigKind] ?? (isConfigKind(kind) ? Infinity : MAX_UNKNOWN);
  }

  /** Compiles until no new value is at fault, taking back the ones that are. */
  private async compileGood(
    { head, table }: Load<Table>,
    draft: ConfigDraft,
  ): Promise<Compiled<Table>> {
    let base: CompileBase<Table> | null =
      table === null ? null : { table: table.table, changed: [...draft.changed.values()] };
    for (let round = 0; round < MAX_COMPILE_ROUNDS; round += 1) {
      const compiled = await this.options.compile(draft.resources, head, base);
      const takenBack = compiled.problems.filter((problem) =>
        draft.takeBack(problem, problem.reason),
      );
      if (takenBack.length === 0) return compiled;
      base = { table: compiled.table, changed: takenBack };
    }
    throw new Error(`still not consistent after ${MAX_COMPILE_ROUNDS} attempts to compile`);
  }
}

/** In order of kind and id. */
function nacksOf({ refusals, received, leftOut }: ConfigState, head: ConfigHead): readonly Nack[] {
  const refused = Array.from(refusals, ([key, { kind, id, reason, since }]) => {
    const revision = received.get(key)?.entry.revision ?? head.revision;
    return { kind, id, revision, reason, since };
  });
  const inOrder = (a: Nack, b: Nack): number =>
    a.kind === b.kind ? a.id - b.id : a.kind < b.kind ? -1 : 1;
  return [...refused, ...leftOut.values()].sort(inOrder);
}
