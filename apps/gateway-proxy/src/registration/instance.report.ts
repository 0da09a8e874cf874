/** What a heartbeat says, from the parts that know it. */
import { hostname } from 'node:os';
import type { LimiterMode } from '@ai-gateway/admission';
import type { FollowerStatus, Nack } from '@ai-gateway/config-feed';
import { MAX_NACK_REASON, MAX_REPORTED_NACKS, type Heartbeat } from '@ai-gateway/contracts';
import type { LoadMeter } from './load.meter.js';

export interface InstanceFacts {
  instanceId: string;
  /** Random, so that two processes of one name are told apart. */
  processId: string;
  version: string;
  groups: readonly string[];
  /** Where clients reach it; null: by the name of this machine. */
  advertisedAddress: string | null;
  ports: () => { data: number; management: number };
  status: () => FollowerStatus;
  digest: () => string | null;
  limitsMode: () => LimiterMode;
  load: LoadMeter;
}

export async function instanceReport(
  facts: InstanceFacts,
  state: Heartbeat['state'],
): Promise<Heartbeat> {
  const { applied, nacks, pin, source, lastContactMs } = facts.status();
  return {
    instance_id: facts.instanceId,
    process_id: facts.processId,
    groups: [...facts.groups],
    version: facts.version,
    ...addressesOf(facts),
    started_at: STARTED_AT,
    state,
    epoch: applied?.epoch ?? null,
    revision: applied?.revision ?? null,
    digest: applied === null ? null : facts.digest(),
    config_source: source,
    last_contact_ms_ago:
      lastContactMs === null ? null : Math.max(0, Math.round(Date.now() - lastContactMs)),
    pinned_revision: pin?.revision ?? null,
    nacks: reportedNacks(nacks),
    nack_count: nacks.length,
    load: await facts.load.read(),
    limits_mode: facts.limitsMode(),
  };
}

const STARTED_AT = new Date(performance.timeOrigin).toISOString();

function addressesOf({ advertisedAddress, ports }: InstanceFacts) {
  const { data, management } = ports();
  const address = new URL(advertisedAddress ?? `http://${hostname()}:${data}`);
  const managementAddress = new URL(address.origin);
  managementAddress.port = String(management);
  return { address: textOf(address), management_address: textOf(managementAddress) };
}

const textOf = ({ href }: URL): string => href.replace(/\/$/, '');

/** Newest first: who waits for a revision asks whether any of its resources is refused. */
function reportedNacks(nacks: readonly Nack[]): Heartbeat['nacks'] {
  return nacks
    .toSorted((a, b) => b.revision - a.revision)
    .slice(0, MAX_REPORTED_NACKS)
    .map(({ kind, id, revision, reason, since }) => ({
      kind: kind.slice(0, 50),
      id,
      revision,
      reason: reason.slice(0, MAX_NACK_REASON).toWellFormed(),
      since,
    }));
}
