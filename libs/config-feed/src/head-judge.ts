/**
 * Which heads are not to be followed: of an epoch that was left, of a configuration that was
 * rejected as a whole, or behind what is known to exist. Without it a gateway would swing between
 * sources that disagree, read what it rejected again and again, or stay for ever with a copy that
 * answers well and is written no more.
 */
import type { ConfigHead } from '@ai-gateway/contracts';

/** Sources that disagree on the epoch must not make a gateway swing between two configurations. */
const LEFT_EPOCH_MS = 60_000;
/** A feed that was rejected as a whole is not read again and again. */
const REJECTED_RETRY_MS = 30_000;
/** A copy gets this long to catch up with what was heard of. */
const EXPECTED_GRACE_MS = 1_000;

export class HeadJudge {
  private readonly left = new Map<string, number>();
  private rejected: { head: ConfigHead; reason: string; retryAtMs: number } | null = null;
  private expected: { head: ConfigHead; sinceMs: number } | null = null;

  constructor(private readonly nowMs: () => number) {}

  /** Somebody who should know says that this head exists. */
  expect(head: ConfigHead): void {
    if (this.expected?.head.epoch === head.epoch || this.wasRejected(head)) return;
    this.expected = { head, sinceMs: this.nowMs() };
  }

  reject(head: ConfigHead, reason: string): void {
    this.rejected = { head, reason, retryAtMs: this.nowMs() + REJECTED_RETRY_MS };
  }

  applied(before: ConfigHead | null, now: ConfigHead): void {
    this.rejected = null;
    if (isReached(this.expected?.head, now)) this.expected = null;
    this.left.delete(now.epoch);
    if (before !== null && before.epoch !== now.epoch) {
      this.left.set(before.epoch, this.nowMs() + LEFT_EPOCH_MS);
    }
  }

  /** A source stands by what runs: what was left for it stays left. */
  confirmed(): void {
    for (const epoch of this.left.keys()) this.left.set(epoch, this.nowMs() + LEFT_EPOCH_MS);
  }

  /**
   * @param isNearest to the truth: what it does not know, does not exist
   * @throws the reason why this head is not to be followed
   */
  check(head: ConfigHead, isNearest: boolean): void {
    const untilMs = this.left.get(head.epoch) ?? 0;
    if (untilMs > this.nowMs()) throw new Error('holds an epoch that was left');
    if (isNearest) this.expected = null;
    if (this.expected === null || isReached(this.expected.head, head)) return;
    const { head: known, sinceMs } = this.expected;
    if (this.nowMs() - sinceMs < EXPECTED_GRACE_MS) return;
    const behind = known.epoch === head.epoch ? `behind ${known.revision}` : 'of another epoch';
    throw new Error(`stands at revision ${head.revision}, ${behind}`);
  }

  /** @throws the reason, while it is too early to read the same again */
  checkRejected(head: ConfigHead): void {
    if (this.wasRejected(head)) throw new Error(this.rejected?.reason);
  }

  private wasRejected({ epoch, revision }: ConfigHead): boolean {
    if (this.rejected === null || this.rejected.retryAtMs <= this.nowMs()) return false;
    return this.rejected.head.epoch === epoch && this.rejected.head.revision === revision;
  }
}

const isReached = (wanted: ConfigHead | undefined, head: ConfigHead): boolean =>
  wanted?.epoch === head.epoch && head.revision >= wanted.revision;
