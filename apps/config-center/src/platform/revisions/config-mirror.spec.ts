import { aNamespace, aRule } from '@ai-gateway/testing';
import type { ConfigChange, ConfigFeed } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { ConfigMirror } from './config-mirror.js';

const feed = (type: 'delta' | 'full', revision: number, changes: ConfigChange[]): ConfigFeed => ({
  epoch: 'an-epoch',
  revision,
  type,
  changes,
});
const rule = (id: number, namespace_id: number): ConfigChange => ({
  kind: 'rule',
  id,
  revision: 1,
  value: aRule({ rule_id: id, namespace_id }),
});
const gone = (kind: string, id: number): ConfigChange => ({ kind, id, revision: 2, value: null });

describe('the mirror of the configuration', () => {
  const idsOf = (mirror: ConfigMirror, namespaceId: number) =>
    mirror
      .owned('rule', namespaceId)
      .map(({ rule_id }) => rule_id)
      .sort();

  it('knows what belongs to an owner, also after moves, deletions and a fresh start', () => {
    const mirror = new ConfigMirror();
    mirror.apply(feed('full', 1, [rule(1, 1), rule(2, 1), rule(3, 2)]));
    expect([idsOf(mirror, 1), idsOf(mirror, 2), idsOf(mirror, 3)]).toEqual([[1, 2], [3], []]);
    mirror.apply(feed('delta', 2, [rule(2, 2), gone('rule', 3)]));
    expect([idsOf(mirror, 1), idsOf(mirror, 2)]).toEqual([[1], [2]]);
    mirror.apply(feed('full', 3, [rule(9, 1)]));
    expect([idsOf(mirror, 1), idsOf(mirror, 2)]).toEqual([[9], []]);
  });

  it('finds the namespaces of each policy', () => {
    const mirror = new ConfigMirror();
    const bound = (policy_ids: number[]): ConfigChange => ({
      kind: 'namespace',
      id: 1,
      revision: 1,
      value: aNamespace({ namespace_id: 1, policy_ids }),
    });
    mirror.apply(feed('full', 1, [bound([4, 5])]));
    expect(mirror.owned('namespace', 5)).toHaveLength(1);
    mirror.apply(feed('delta', 2, [bound([4])]));
    expect([mirror.owned('namespace', 4).length, mirror.owned('namespace', 5).length]).toEqual([
      1, 0,
    ]);
  });
});
