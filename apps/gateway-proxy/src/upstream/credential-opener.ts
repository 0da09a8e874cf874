/** Opens sealed target credentials once per value; the clear text stays in memory only. */
import type { SealedSecret } from '@ai-gateway/contracts';
import type { CompiledTarget } from '@ai-gateway/gateway-engine';
import { openSecret, type Logger, type MasterKey } from '@ai-gateway/node-runtime';

export class CredentialOpener {
  private readonly opened = new WeakMap<SealedSecret, string | Error>();

  constructor(
    private readonly master: MasterKey | null,
    private readonly logger: Logger,
  ) {}

  /** @throws when the target has a credential this instance cannot open */
  credentialOf(target: CompiledTarget): string | null {
    if (target.credential === null) return null;
    let clear = this.opened.get(target.credential);
    if (clear === undefined) {
      clear = this.open(target.id, target.credential);
      this.opened.set(target.credential, clear);
    }
    if (clear instanceof Error) throw clear;
    return clear;
  }

  private open(targetId: number, sealed: SealedSecret): string | Error {
    try {
      if (this.master === null) throw new Error('MASTER_KEY is not set');
      return openSecret(this.master, `upstream_targets|credential|${targetId}`, sealed);
    } catch (err) {
      this.logger.error({ err, targetId, kid: sealed.kid }, 'cannot open target credential');
      return new Error(`credential of target ${targetId} cannot be opened`, { cause: err });
    }
  }
}
