/** Compose file and Kubernetes manifests: they parse, agree with each other and hold no secret. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT, readText } from './repository.js';

type Labels = Record<string, string>;

interface Probe {
  httpGet: { path: string; port: string };
}

interface Container {
  image: string;
  ports: { name: string; containerPort: number }[];
  envFrom?: { secretRef: { name: string } }[];
  env?: unknown;
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  resources: { requests: Labels; limits: Labels };
  securityContext: unknown;
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    selector: { matchLabels: Labels } & Labels;
    ports: { port: number; targetPort: string }[];
    podSelector: { matchLabels?: Labels };
    template: {
      metadata: { labels: Labels };
      spec: { securityContext: unknown; containers: Container[] };
    };
  };
}

const BASE = 'k8s/base';
const APPS = ['config-center', 'gateway-proxy', 'token-count'];

function documents(path: string): Manifest[] {
  return parseAllDocuments(readText(path), { strict: true, uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

const kustomization = parse(readText(`${BASE}/kustomization.yaml`)) as {
  resources: string[];
  images: { name: string }[];
};
const manifests = kustomization.resources.flatMap((file) => documents(`${BASE}/${file}`));
const ofKind = (kind: string): Manifest[] => manifests.filter((item) => item.kind === kind);
const named = (kind: string, name: string): Manifest => {
  const found = ofKind(kind).find((item) => item.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};

describe('the Kubernetes base', () => {
  it('lists every manifest of its folder', () => {
    const files = readdirSync(join(ROOT, BASE)).filter((name) => name !== 'kustomization.yaml');
    expect([...kustomization.resources].sort()).toEqual(files.sort());
  });

  it('contains no secret', () => {
    expect(ofKind('Secret')).toEqual([]);
    const containers = ofKind('Deployment').flatMap((item) => item.spec.template.spec.containers);
    expect(containers.map(({ env }) => env)).toEqual(APPS.map(() => undefined));
  });

  it('refuses what no policy permits', () => {
    expect(named('NetworkPolicy', 'deny-ingress').spec.podSelector).toEqual({});
  });

  it.each(APPS)('runs %s without privileges, probed, behind a service', (app) => {
    const { template, selector } = named('Deployment', app).spec;
    const [container] = template.spec.containers;
    if (container === undefined) throw new Error('no container');
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(Object.keys(container.resources.limits)).toContain('memory');
    expect(kustomization.images.map(({ name }) => name)).toContain(container.image);

    const service = named('Service', app).spec;
    expect(template.metadata.labels).toMatchObject(service.selector);
    expect(service.ports).toEqual([
      { name: 'http', port: container.ports[0]?.containerPort, targetPort: 'http' },
    ]);
    const selected = { matchLabels: selector.matchLabels };
    expect(named('PodDisruptionBudget', app).spec.selector).toEqual(selected);
    expect(named('NetworkPolicy', app).spec.podSelector).toEqual(selected);
  });
});

describe('docker-compose.dev.yml', () => {
  const compose = parse(readText('docker-compose.dev.yml')) as {
    services: Record<string, { ports: string[]; environment: Labels; healthcheck: unknown }>;
  };

  it.each(Object.entries(compose.services))('%s listens on this machine only', (_, service) => {
    expect(service.ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(service.healthcheck).toBeDefined();
  });

  it('takes every password from the environment and has no default', () => {
    const passwords = Object.values(compose.services)
      .flatMap(({ environment }) => Object.entries(environment))
      .filter(([name]) => name.endsWith('PASSWORD'));
    expect(passwords.length).toBe(3);
    for (const [name, value] of passwords) {
      expect(value).toMatch(new RegExp(`^\\$\\{${name}:\\?`));
      expect(readText('.env.example')).toContain(`# ${name}=\n`);
    }
  });

  it('never evicts counters', () => {
    expect(readText('docker-compose.dev.yml')).toContain('--maxmemory-policy noeviction');
  });
});
