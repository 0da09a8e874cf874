/**
 * Sums up what gateways report of their counts and of what upstreams said. Held in memory: it is an
 * aid to choose a factor by, and a restart forgets it.
 */
import type { Drift, DriftSample, ModelDrift } from '@ai-gateway/contracts';
import { Gauge, type Registry } from '@ai-gateway/node-runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { RunningRules } from '../../platform/rules/running-rules.js';
import { REGISTRY, RULES } from '../../platform/tokens.js';
import { ModelDriftSamples } from './model-drift.js';

/** Names come from gateways' configuration; more are left out, the longest silent first. */
const MAX_MODELS = 500;

@Injectable()
export class DriftService {
  private readonly models = new Map<string, ModelDriftSamples>();

  constructor(
    @Inject(RULES) private readonly rules: RunningRules,
    @Inject(REGISTRY) registry: Registry,
  ) {
    const registers = [registry];
    const show = (gauge: Gauge<'model'>, valueOf: (drift: ModelDriftSamples) => number): void => {
      gauge.reset();
      for (const [model, drift] of this.models) gauge.set({ model }, valueOf(drift));
    };
    new Gauge({
      name: 'token_count_drift_mean_ratio',
      help: 'Mean of (counted - reported) / reported; negative: counts are low.',
      labelNames: ['model'],
      registers,
      collect() {
        show(this, ({ meanError }) => meanError);
      },
    });
    new Gauge({
      name: 'token_count_drift_p95_ratio',
      help: '95th percentile of |counted - reported| / reported.',
      labelNames: ['model'],
      registers,
      collect() {
        show(this, ({ p95Error }) => p95Error);
      },
    });
  }

  add(samples: readonly DriftSample[]): void {
    for (const sample of samples) {
      const { model } = sample;
      const drift = this.models.get(model) ?? new ModelDriftSamples();
      drift.add(sample, this.rules.models.ruleOf(model).factor);
      this.models.delete(model);
      this.models.set(model, drift);
      if (this.models.size > MAX_MODELS) this.models.delete(this.oldest());
    }
  }

  /** The largest error first. */
  list(): Drift {
    const items = Array.from(this.models, ([model, drift]) => this.viewOf(model, drift));
    return { items: items.sort((one, other) => other.p95_error - one.p95_error) };
  }

  private viewOf(model: string, drift: ModelDriftSamples): ModelDrift {
    const { encoding, method, factor } = this.rules.models.ruleOf(model);
    return {
      model,
      encoding,
      method,
      samples: drift.count,
      mean_error: drift.meanError,
      p95_error: drift.p95Error,
      factor,
      proposed_factor: method === 'exact' ? null : drift.proposedFactor,
    };
  }

  private oldest(): string {
    const [first = ''] = this.models.keys();
    return first;
  }
}
