import { describe, expect, it } from 'vitest';
import { metricsOf } from './metric-docs.js';

const SOURCE = `
const a = new Counter({ name: 'a_total', help: 'How many (all)', labelNames: ['x', 'y'] });
new Gauge({ name: \`\${prefix}_b\`, help: "It's b", collect() { this.set(1); } });
send({ name: 'not_a_metric' });
`;

describe('metricsOf', () => {
  it('reads literals and keeps the name of a prefix', () => {
    expect(metricsOf(SOURCE)).toEqual([
      { name: 'a_total', type: 'counter', labels: 'x, y', help: 'How many (all)' },
      { name: '<prefix>_b', type: 'gauge', labels: '', help: "It's b" },
    ]);
  });

  it('refuses what it cannot read', () => {
    expect(() => metricsOf('new Counter({ name: NAME, help: "x" })')).toThrow(/literals/);
  });
});
