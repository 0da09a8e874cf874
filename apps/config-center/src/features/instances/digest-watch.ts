/**
 * Finds instances whose configuration is not what it should be although they are at the right
 * revision: a copy that was tampered with, bytes that went wrong and still parsed, a fault of ours.
 * Two heartbeats in a row must say so; then the instance is told to load everything anew.
 */
import type { Heartbeat } from '@ai-gateway/contracts';
import { keyOf } from './instance-record.js';

const CONFIRMATIONS = 2;
const MAX_SUSPECTS = 5_000;

export class DigestWatch {
  private readonly suspects = new Map<string, number>();

  /** @param onMismatch once per confirmed mismatch; again when reloading has not helped */
  constructor(private readonly onMismatch: (report: Heartbeat) => void) {}

  /**
   * @param matches null: there is nothing to compare with
   * @returns true when the instance is to load everything anew
   */
  judge(report: Heartbeat, matches: boolean | null): boolean {
    const key = keyOf(report);
    if (matches !== false) {
      this.suspects.delete(key);
      return false;
    }
    const seen = (this.suspects.get(key) ?? 0) + 1;
    if (seen < CONFIRMATIONS) {
      if (this.suspects.size >= MAX_SUSPECTS) this.suspects.clear();
      this.suspects.set(key, seen);
      return false;
    }
    this.suspects.delete(key);
    this.onMismatch(report);
    return true;
  }
}
