/**
 * A V8 CPU profile, asked how long any frame of a kind was on the stack.
 * Source: Chrome DevTools Protocol, Profiler.Profile.
 */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly url: string };
  readonly children?: readonly number[];
}

interface RawProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds on the monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export class CpuProfile {
  private constructor(private readonly raw: RawProfile) {}

  static parse(text: string): CpuProfile {
    return new CpuProfile(JSON.parse(text) as RawProfile);
  }

  /** Microseconds between two times of the monotonic clock with a frame on the stack whose URL matches. */
  microsecondsUnder(url: RegExp, fromUs: number, untilUs: number): number {
    const under = this.nodesUnder(url);
    const { samples, timeDeltas } = this.raw;
    let at = this.raw.startTime;
    let total = 0;
    for (const [index, node] of samples.entries()) {
      const delta = timeDeltas[index] ?? 0;
      at += delta;
      if (at > fromUs && at <= untilUs && under.has(node)) total += delta;
    }
    return total;
  }

  /** Ids of the nodes that match and of everything they called. Parents stand before children. */
  private nodesUnder(url: RegExp): Set<number> {
    const under = new Set<number>();
    for (const { id, callFrame, children = [] } of this.raw.nodes) {
      if (!under.has(id) && !url.test(callFrame.url)) continue;
      under.add(id);
      for (const child of children) under.add(child);
    }
    return under;
  }
}
