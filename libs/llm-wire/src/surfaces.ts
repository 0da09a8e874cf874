/**
 * The built-in LLM surfaces: which path speaks which protocol, and where it goes at the upstream.
 * Data, so that a new path is a row; what a kind of request means lives in the readers.
 */
export type WireProtocol = 'openai' | 'anthropic';

/** What the body asks for. `models` is the only surface without a body. */
export type SurfaceKind = 'chat' | 'completion' | 'embedding' | 'messages' | 'models';

export interface Surface {
  /** Stands in usage records and metric labels. */
  readonly name: 'chat_completions' | 'completions' | 'embeddings' | 'messages' | 'models';
  readonly protocol: WireProtocol;
  readonly kind: SurfaceKind;
  readonly method: 'GET' | 'POST';
  /** Canonical path at the gateway. */
  readonly path: string;
  readonly upstreamPath: string;
}

const CHAT = {
  name: 'chat_completions',
  protocol: 'openai',
  kind: 'chat',
  method: 'POST',
} as const;

export const SURFACES: readonly Surface[] = [
  { ...CHAT, path: '/v1/chat/completions', upstreamPath: '/v1/chat/completions' },
  { ...CHAT, path: '/api/chat', upstreamPath: '/v1/chat/completions' },
  {
    name: 'completions',
    protocol: 'openai',
    kind: 'completion',
    method: 'POST',
    path: '/v1/completions',
    upstreamPath: '/v1/completions',
  },
  {
    name: 'embeddings',
    protocol: 'openai',
    kind: 'embedding',
    method: 'POST',
    path: '/v1/embeddings',
    upstreamPath: '/v1/embeddings',
  },
  {
    name: 'messages',
    protocol: 'anthropic',
    kind: 'messages',
    method: 'POST',
    path: '/v1/messages',
    upstreamPath: '/v1/messages',
  },
  {
    name: 'models',
    protocol: 'openai',
    kind: 'models',
    method: 'GET',
    path: '/v1/models',
    upstreamPath: '/v1/models',
  },
];

const BY_PATH: ReadonlyMap<string, Surface> = new Map(
  SURFACES.map((surface) => [surface.path, surface]),
);

/** The surface at a canonical path, whatever the method: another one is `method_not_allowed`. */
export const surfaceAt = (path: string): Surface | null => BY_PATH.get(path) ?? null;
