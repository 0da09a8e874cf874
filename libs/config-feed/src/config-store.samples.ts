/** A store of namespaces by name, for tests. */
import type {
  ConfigChange,
  ConfigFeed,
  ConfigHead,
  HeldValueConfig,
  NamespaceConfig,
} from '@ai-gateway/contracts';
import type { ConfigResources } from './config-resources.js';
import { ConfigStore, type CompileProblem, type ConfigStoreOptions } from './config-store.js';

const EPOCH = 'epoch-one';
export const NOW_MS = Date.parse('2026-01-01T00:00:00.000Z');
export const NOW = new Date(NOW_MS).toISOString();

export const namespace = (id: number, name = `n${id}`): NamespaceConfig => ({
  namespace_id: id,
  namespace_code: `code-${id}`,
  namespace_name: name,
  description: null,
  status: 1,
  is_default: false,
  labels: {},
  policy_ids: [],
});
export const put = (id: number, revision: number, name?: string): ConfigChange => ({
  kind: 'namespace',
  id,
  revision,
  value: namespace(id, name),
});
export const remove = (id: number, revision: number, kind = 'namespace'): ConfigChange => ({
  kind,
  id,
  revision,
  value: null,
});
/** Fails its schema. */
export const broken = (id: number, revision: number): ConfigChange => ({
  kind: 'namespace',
  id,
  revision,
  value: { namespace_id: 'one' },
});

/** Holds namespace `over.resource_id` for all instances outside the group canary. */
export const hold = (
  id: number,
  revision: number,
  over: Partial<HeldValueConfig> & Pick<HeldValueConfig, 'resource_id' | 'value'>,
): ConfigChange => ({
  kind: 'held_value',
  id,
  revision,
  value: { held_value_id: id, rollout_id: 1, groups: ['canary'], kind: 'namespace', ...over },
});

export const feed = (
  type: 'full' | 'delta',
  revision: number,
  changes: ConfigChange[],
  epoch = EPOCH,
): ConfigFeed => ({ type, epoch, revision, changes });
export const at = (revision: number, epoch = EPOCH): ConfigHead => ({ epoch, revision });

export type Names = Record<string, string>;

export const namesOf = (resources: ConfigResources): Names =>
  Object.fromEntries(
    [...resources.namespace].map(([id, { namespace_name: name }]) => [id, name] as const),
  );

/** Compiles to the names; a name starting with "bad" is a problem, "boom" breaks the compile. */
export function newStore(options: Partial<ConfigStoreOptions<Names>> = {}) {
  const installed: { names: Names; revision: number }[] = [];
  const store = new ConfigStore<Names>({
    compile: (resources) => {
      const names = namesOf(resources);
      if (Object.values(names).includes('boom')) throw new Error('cannot compile');
      const problems = Object.entries(names)
        .filter(([, name]) => name.startsWith('bad'))
        .map(([id]): CompileProblem => ({ kind: 'namespace', id: Number(id), reason: 'is bad' }));
      const good = Object.entries(names).filter(([, name]) => !name.startsWith('bad'));
      return { table: Object.fromEntries(good), problems };
    },
    install: (names, { revision }) => installed.push({ names, revision }),
    nowMs: () => NOW_MS,
    ...options,
  });
  return { store, installed };
}
