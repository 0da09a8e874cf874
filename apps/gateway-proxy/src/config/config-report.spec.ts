import type { Nack } from '@ai-gateway/config-feed';
import { createLogger, createRegistry } from '@ai-gateway/node-runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { createGatewayMetrics } from '../metrics.js';
import { ConfigReport } from './config-report.js';

const nack = (id: number, reason = 'is bad'): Nack => {
  return { kind: 'rule', id, revision: 1, reason, since: '2026-01-01T00:00:00.000Z' };
};

describe('what the log says of refused resources', () => {
  let warnings: Record<string, unknown>[];
  let report: ConfigReport;
  beforeEach(() => {
    warnings = [];
    const logger = createLogger({ name: 'test', level: 'error' });
    logger.warn = (fields: Record<string, unknown>) => void warnings.push(fields);
    const metrics = createGatewayMetrics(createRegistry());
    report = new ConfigReport({ metrics, logger, sourceNames: [] });
  });

  const apply = (...nacks: Nack[]): Record<string, unknown>[] => {
    warnings = [];
    const head = { epoch: 'epoch-one', revision: 1 };
    report.applied({ head, nacks, source: 'redis', durationMs: 1 }, 0);
    return warnings;
  };

  it('is each once, and again only for another reason or after it was good', () => {
    expect(apply(nack(1), nack(2))).toHaveLength(2);
    expect(apply(nack(1), nack(2))).toHaveLength(0);
    expect(apply(nack(1, 'is worse'))).toEqual([{ kind: 'rule', id: 1, reason: 'is worse' }]);
    expect(apply(nack(1, 'is worse'), nack(2))).toMatchObject([{ id: 2 }]);
  });

  it('is bounded, with a count of the others', () => {
    const many = Array.from({ length: 5_000 }, (_, id) => nack(id + 1));
    const told = apply(...many);
    expect(told).toHaveLength(21);
    expect(told.at(-1)).toEqual({ more: 4_980 });
  });
});
