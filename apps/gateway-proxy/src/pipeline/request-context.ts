/** All that is known of one client request on its way; every field exists from the start. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdmitDecision, Reservation } from '@ai-gateway/admission';
import type { EndState } from '@ai-gateway/contracts';
import {
  canonicalPath,
  type CompiledApiKey,
  type CompiledNamespace,
  type CompiledTarget,
  type RequestFacts,
  type RouteChoice,
} from '@ai-gateway/gateway-engine';
import { surfaceAt, type JsonScan, type LlmRequest, type Surface } from '@ai-gateway/llm-wire';
import type { CountedInput } from '../counting/counted-input.js';
import type { Destination } from './destination.js';
import type { Metering } from './metering.js';
import type { Refusal } from './refusal.js';
import type { RunningTable } from './running-table.js';

export interface RequestOrigin {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  readonly clientAddress: string;
  /** The request keeps the table it started with. */
  readonly table: RunningTable;
}

export class RequestContext implements RequestFacts, RequestOrigin {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly table: RunningTable;
  readonly method: string;
  /** As it came, without query. */
  readonly rawPath: string;
  /** Without `?`; empty when there is none. */
  readonly rawQuery: string;
  /** Empty when the path cannot be made canonical. */
  readonly path: string;
  readonly host: string;
  readonly surface: Surface | null;
  readonly startedAt = performance.now();

  principal: CompiledApiKey | null = null;
  route: RouteChoice | null = null;
  bodyBytes: Buffer | null = null;
  body: unknown = undefined;
  /** Where watched fields stand in the body's bytes. */
  bodyScan: JsonScan | null = null;
  llm: LlmRequest | null = null;
  namespace: CompiledNamespace | null = null;
  destination: Destination | null = null;
  target: CompiledTarget | null = null;
  decision: AdmitDecision | null = null;
  reservation: Reservation | null = null;
  /** The input's tokens as they were counted; null: the bound was enough so far. */
  countedInput: CountedInput | null = null;
  /** Largest output the rules leave to this request; null: no cap. */
  outputCap: number | null = null;
  metering: Metering | null = null;

  statusCode = 0;
  refusal: Refusal | null = null;
  endState: EndState = 'refused';
  firstByteAt = 0;
  /** When the request left for the upstream; 0 while it has not. */
  forwardedAt = 0;
  clientGone = false;
  /** Where it stands among the open requests. */
  slot = 0;
  /** The client holds its body back until it is told to go on. Source: RFC 9110 §10.1.1. */
  awaitsContinue: boolean;
  /** Ends the reading of the body with a refusal; null while none is being read. */
  rejectUpload: ((refusal: Refusal) => void) | null = null;
  /** The rest of the body cannot be read any more. */
  uploadBroken = false;

  private parsedQuery: URLSearchParams | null = null;

  constructor({ req, res, requestId, clientAddress, table }: RequestOrigin) {
    this.req = req;
    this.res = res;
    this.requestId = requestId;
    this.clientAddress = clientAddress;
    this.table = table;
    const target = originForm(req.url ?? '/');
    const queryAt = target.indexOf('?');
    this.method = req.method ?? 'GET';
    this.awaitsContinue = req.headers.expect !== undefined && req.httpVersion === '1.1';
    this.rawPath = queryAt < 0 ? target : target.slice(0, queryAt);
    this.rawQuery = queryAt < 0 ? '' : target.slice(queryAt + 1);
    this.path = canonicalPath(this.rawPath) ?? '';
    this.host = hostName(req.headers.host ?? '');
    this.surface = surfaceAt(this.path);
  }

  header(name: string): string | undefined {
    const { headers } = this.req;
    if (!Object.hasOwn(headers, name)) return undefined;
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  query(name: string): string | undefined {
    if (this.rawQuery === '') return undefined;
    this.parsedQuery ??= new URLSearchParams(this.rawQuery);
    return this.parsedQuery.get(name) ?? undefined;
  }
}

/** Absolute targets have been checked to name this host; only their path counts. */
function originForm(url: string): string {
  if (url.startsWith('/')) return url;
  const target = /^https?:\/\/[^/?#]*(.*)$/i.exec(url)?.[1] ?? '';
  return target.startsWith('/') ? target : `/${target}`;
}

/** Lower case, without port; IPv6 literals keep their brackets. */
function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return (end > 0 ? host.slice(0, end) : host).toLowerCase();
}
