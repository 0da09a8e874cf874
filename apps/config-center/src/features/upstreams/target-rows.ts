/** Writing targets: address policy, sealed credentials, and how a target reads back. */
import type { Target, TargetCreate, TargetUpdate } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import {
  createAddressPolicy,
  sealSecret,
  type AddressPolicy,
  type MasterKey,
} from '@ai-gateway/node-runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { insertRow, updateRow, viewOf } from '../../platform/resources/stored-row.js';
import type { ConfigTransaction } from '../../platform/revisions/config-revisions.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { TargetEntity } from './target.entity.js';

@Injectable()
export class TargetRows {
  private readonly policy: AddressPolicy;
  private readonly masterKey: MasterKey;

  constructor(@Inject(SETTINGS) { upstreamAllowAddresses, masterKey }: Settings) {
    this.policy = createAddressPolicy({ allow: upstreamAllowAddresses });
    this.masterKey = masterKey;
  }

  /** @param path where the target stands in the body, for example `targets.0.` */
  async insert(
    tx: ConfigTransaction,
    upstreamId: number,
    { body, path = '' }: { body: TargetCreate; path?: string },
  ): Promise<TargetEntity> {
    const { credential, ...values } = body;
    this.requireAllowed(values.url, `${path}url`);
    const unsealed = { ...values, upstream_id: upstreamId, credential: null };
    const row = await insertRow(tx, TargetEntity, unsealed);
    if (credential !== null) {
      row.credential = this.seal(row, credential);
      await tx.manager.save(row);
    }
    tx.changed('target', row.target_id, row);
    return row;
  }

  async update(
    tx: ConfigTransaction,
    row: TargetEntity,
    { changes, expected }: { changes: TargetUpdate; expected: ExpectedVersion },
  ): Promise<TargetEntity> {
    const { credential, ...values } = changes;
    if (values.url !== undefined) this.requireAllowed(values.url, 'url');
    const sealed =
      credential === undefined
        ? {}
        : { credential: credential === null ? null : this.seal(row, credential) };
    const updated = await updateRow(tx, row, { changes: { ...values, ...sealed }, expected });
    tx.changed('target', row.target_id, updated);
    return updated;
  }

  private seal({ target_id }: TargetEntity, credential: string) {
    return sealSecret(this.masterKey, credentialPlace(target_id), credential);
  }

  private requireAllowed(url: string, path: string): void {
    const verdict = this.policy.checkUrl(url);
    if (verdict.allowed) return;
    throw new AdminError('ADDRESS_NOT_ALLOWED', { details: [{ path, message: verdict.reason }] });
  }
}

/** Binds a sealed credential to its row. */
export const credentialPlace = (targetId: number): string =>
  `upstream_targets|credential|${targetId}`;

/** Credentials never read back; the hint tells them apart. */
export const targetOf = (row: TargetEntity): Target => ({
  ...viewOf(row),
  credential: { set: row.credential !== null, hint: row.credential?.hint ?? '' },
});
