/** `/metrics` of every process is what Prometheus takes, and holds the names the reference documents. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Installation } from './installation.js';
import { chat } from './load.js';

const REFERENCE = readFileSync(
  new URL('../../../docs/reference/metrics.md', import.meta.url),
  'utf8',
);

interface Family {
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** The text format, strictly. Source: Prometheus documentation, "Exposition formats". */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: [name: string, family: Family] | null = null;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', value = ''] = comment;
      const family = families.get(name) ?? { type: '', help: '', samples: [] };
      if (kind === 'HELP') family.help = value;
      else family.type = value;
      families.set(name, family);
      current = [name, family];
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null || current === null) throw new Error(`no sample: ${line}`);
    const [, name = '', labels = '', value = ''] = sample;
    if (!name.startsWith(current[0])) throw new Error(`${name} stands under ${current[0]}`);
    const pairs = [...labels.matchAll(LABEL)];
    if (pairs.map(([whole]) => whole).join('') !== labels) throw new Error(`labels: ${line}`);
    current[1].samples.push({
      name,
      labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text])),
      value: value === '+Inf' ? Infinity : Number(value),
    });
  }
  return families;
}

interface Documented {
  name: string;
  type: string;
  labels: string[];
}

/** Averages since the last scrape, which may have been a moment ago. */
const mayBeIdle = (name: string): boolean => name.startsWith('nodejs_eventloop_lag_');

/** Without the bucket's own label. */
const labelNames = (labels: Record<string, string>): string[] =>
  Object.keys(labels)
    .filter((label) => label !== 'le')
    .toSorted();

function documented(section: string): Documented[] {
  const block = REFERENCE.split(`<!-- generated:${section} -->`)[1]?.split('<!-- /generated')[0];
  if (block === undefined) throw new Error(`metrics.md has no section ${section}`);
  return [...block.matchAll(/^\| `([^`]+)` *\| *(\w+) *\| *([^|]*?) *\|/gm)].map(
    ([, name = '', type = '', labels = '']) => ({
      name,
      type,
      labels: labels === '' ? [] : labels.split(', ').toSorted(),
    }),
  );
}

let installation: Installation;
let urls: Record<string, string>;

beforeAll(async () => {
  installation = await Installation.start({ mysqlUrl: inject('mysqlUrl') });
  const tokenCount = await installation.startApp('token-count', { TOKEN_SERVICE_PORT: '0' });
  urls = {
    'config-center': installation.configCenter.url,
    'gateway-proxy': installation.gateway.managementUrl,
    'token-count': tokenCount.url,
  };
  const { headers } = await installation.tenant('metrics', [
    {
      rule_name: 'one a minute',
      rule_type: 'request_limit',
      rule_config: { max_requests_per_minute: 1 },
    },
  ]);
  await chat(installation.gateway.url, headers);
  await chat(installation.gateway.url, headers);
  await fetch(`${tokenCount.url}/calculate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', prompt: 'hello' }),
  });
});
afterAll(() => installation.stop());

const fetchMetrics = (process: string): Promise<Response> =>
  fetch(`${urls[process]}/metrics`, {
    headers: { authorization: `Bearer ${installation.serviceCredential}` },
  });

const scrape = async (process: string): Promise<Map<string, Family>> =>
  parse(await (await fetchMetrics(process)).text());

describe.each([
  ['config-center', 'config_center'],
  ['gateway-proxy', null],
  ['token-count', 'token_count'],
])('%s', (process, prefix) => {
  it('serves the text format', async () => {
    const { headers } = await fetchMetrics(process);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('serves only families with a type and a help, and values that are numbers', async () => {
    const families = [...(await scrape(process))];
    for (const [name, { type, help }] of families) {
      expect(type, `type of ${name}`).toMatch(/^(counter|gauge|histogram|summary)$/);
      expect(help, `help of ${name}`).not.toBe('');
    }
    for (const [name, { samples }] of families.filter(([name]) => !mayBeIdle(name))) {
      const values = samples.map(({ value }) => value);
      expect(values, `values of ${name}`).not.toContain(NaN);
    }
  });

  it('holds every documented name with its type and labels', async () => {
    const families = await scrape(process);
    const own = prefix === null ? [] : documented('nest-runtime');
    for (const metric of [...documented(process), ...own]) {
      const name = metric.name.replace('<metricPrefix>', prefix ?? '');
      const family = families.get(name);
      expect(family?.type, `type of ${name}`).toBe(metric.type);
      const labelled = (family?.samples ?? []).map(({ labels }) => labelNames(labels));
      for (const names of labelled.filter(({ length }) => length > 0)) {
        expect(names, `labels of ${name}`).toEqual(metric.labels);
      }
    }
  });
});

describe('the gateway', () => {
  it('counts what was admitted and what a rule refused', async () => {
    const families = await scrape('gateway-proxy');
    const of = (name: string, labels: Record<string, string>): number =>
      (families.get(name)?.samples ?? [])
        .filter((sample) =>
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
        )
        .reduce((sum, { value }) => sum + value, 0);
    const namespace = 'metrics';
    expect(of('gateway_requests_total', { namespace, code_class: '2xx' })).toBe(1);
    expect(of('gateway_requests_total', { namespace, code_class: '4xx' })).toBe(1);
    expect(of('gateway_refusals_total', { namespace, rule_type: 'request_limit' })).toBe(1);
    expect(of('gateway_tokens_total', { namespace, type: 'output' })).toBe(5);
    expect(of('gateway_config_applied_revision', {})).toBeGreaterThan(0);
    expect(of('gateway_limiter_mode', { mode: 'shared' })).toBe(1);
  });

  it('serves its metrics at the documented address of the data listener too', async () => {
    const text = await (await fetch(`${installation.gateway.url}/metrics`)).text();
    expect(parse(text).has('gateway_requests_total')).toBe(true);
  });
});
