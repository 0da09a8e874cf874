/** A source of configuration, of which only the rules of counting are kept. */
import type { ConfigFeed } from '@ai-gateway/contracts';
import type { ConfigSource } from '@ai-gateway/config-feed';

/** A rule under a rollout is held back for everybody outside its groups, this service included. */
const KEPT = new Set(['token_rule', 'held_value']);

export function onlyTokenRules(source: ConfigSource): ConfigSource {
  return {
    name: source.name,
    head: (signal) => source.head(signal),
    changesSince: async (since, signal) => kept(await source.changesSince(since, signal)),
    subscribe: (onWake) => source.subscribe(onWake),
    close: () => source.close(),
  };
}

const kept = (feed: ConfigFeed): ConfigFeed => ({
  ...feed,
  changes: feed.changes.filter(({ kind }) => KEPT.has(kind)),
});
