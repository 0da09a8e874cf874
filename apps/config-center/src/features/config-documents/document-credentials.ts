/**
 * Credentials of targets on their way into and out of documents. A document carries them sealed for
 * the upstream and address they belong to, so that whoever edits it cannot send a credential to
 * another address; in the database they are sealed for their row.
 */
import { openSecret, sealSecret, type MasterKey } from '@ai-gateway/node-runtime';
import type { SealedSecret } from '@ai-gateway/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { credentialPlace } from '../upstreams/target-rows.js';

export interface TargetAddress {
  upstreamCode: string;
  url: string;
}

@Injectable()
export class DocumentCredentials {
  private readonly masterKey: MasterKey;

  constructor(@Inject(SETTINGS) { masterKey }: Settings) {
    this.masterKey = masterKey;
  }

  /** As stored. Throws when it was sealed with another master key. */
  open(targetId: number, sealed: SealedSecret): string {
    return openSecret(this.masterKey, credentialPlace(targetId), sealed);
  }

  /** False also for what cannot be opened any more. */
  isStored(targetId: number, sealed: SealedSecret | null, credential: string | null): boolean {
    if (sealed === null || credential === null) return sealed === credential;
    try {
      return this.open(targetId, sealed) === credential;
    } catch {
      return false;
    }
  }

  sealForDocument(address: TargetAddress, credential: string): SealedSecret {
    return sealSecret(this.masterKey, documentPlace(address), credential);
  }

  /** Null: sealed with another master key or for another address. */
  openFromDocument(address: TargetAddress, sealed: SealedSecret): string | null {
    try {
      return openSecret(this.masterKey, documentPlace(address), sealed);
    } catch {
      return null;
    }
  }
}

const documentPlace = ({ upstreamCode, url }: TargetAddress): string =>
  `config_document|credential|${upstreamCode}|${url}`;
