/** The newest samples of one model: how far its counts are from what was reported. */
import type { DriftSample } from '@ai-gateway/contracts';

const KEPT_SAMPLES = 1000;
/** Fewer say nothing about one in twenty. */
const MIN_SAMPLES_TO_PROPOSE = 50;
const NOT_LOW_QUANTILE = 0.95;

interface Sample {
  /** (counted - reported) / reported */
  error: number;
  /** reported / counted, times the factor it was counted with: the factor that had been right. */
  rightFactor: number;
}

export class ModelDriftSamples {
  private readonly samples: Sample[] = [];
  private next = 0;

  /** @param factor of the rule the sample was counted by */
  add({ counted, reported }: DriftSample, factor: number): void {
    const sample = {
      error: (counted - reported) / reported,
      rightFactor: (reported / counted) * factor,
    };
    this.samples[this.next] = sample;
    this.next = (this.next + 1) % KEPT_SAMPLES;
  }

  get count(): number {
    return this.samples.length;
  }

  /** Zero without samples. */
  get meanError(): number {
    const { samples, count } = this;
    return count === 0 ? 0 : samples.reduce((sum, { error }) => sum + error, 0) / count;
  }

  get p95Error(): number {
    return quantile(
      this.samples.map(({ error }) => Math.abs(error)),
      0.95,
    );
  }

  /** Rounded up to hundredths; null while there are too few samples. */
  get proposedFactor(): number | null {
    if (this.count < MIN_SAMPLES_TO_PROPOSE) return null;
    const factors = this.samples.map(({ rightFactor }) => rightFactor);
    const proposed = Math.ceil(quantile(factors, NOT_LOW_QUANTILE) * 100 - 1e-6) / 100;
    return Math.min(10, Math.max(0.1, proposed));
  }
}

/** The smallest value that is not below this share of all; 0 of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
