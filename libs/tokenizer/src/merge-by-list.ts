/**
 * Byte-pair merging as a file's list of merges says, step by step: the judge between the engine and
 * its reference, which leaves a listed pair unmerged now and then. Quadratic; for short texts that
 * were found to differ.
 */
import type { BpeFile } from './hugging-face-file.js';

export class ListMerger {
  private readonly ranks: ReadonlyMap<string, number>;

  constructor(private readonly file: BpeFile) {
    this.ranks = new Map(file.merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  }

  /** Ids of a piece that is written in the byte alphabet. */
  ids(piece: string): number[] {
    const { vocabulary, ignoresMerges } = this.file;
    const whole = ignoresMerges ? vocabulary.get(piece) : undefined;
    if (whole !== undefined) return [whole];
    return this.merged([...piece]).map((token) => vocabulary.get(token) ?? -1);
  }

  private merged(parts: string[]): string[] {
    for (;;) {
      let lowest = Infinity;
      let place = -1;
      for (let index = 0; index + 1 < parts.length; index++) {
        const rank = this.ranks.get(`${parts[index]} ${parts[index + 1]}`) ?? Infinity;
        if (rank >= lowest) continue;
        lowest = rank;
        place = index;
      }
      if (place === -1) return parts;
      parts.splice(place, 2, `${parts[place]}${parts[place + 1]}`);
    }
  }
}
