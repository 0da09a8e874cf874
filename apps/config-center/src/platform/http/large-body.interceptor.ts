/**
 * Reads the body of the few routes that take more than the usual cap, or something other than JSON.
 * It runs behind the guard, so nobody without permission makes this process take in megabytes; the
 * parser in front of all routes leaves these paths alone. Compressed bodies are refused: what is
 * counted is what is taken in.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';

export const LARGE_BODY_PATHS = ['/api/v1/batch', '/api/v1/import'] as const;

const MAX_LARGE_BODY_BYTES = 16 * 1024 * 1024;

export const JSON_TYPES = /^application\/json\s*(;|$)/i;
export const DOCUMENT_TYPES = /^(application\/(json|yaml|x-yaml)|text\/yaml)\s*(;|$)/i;

export interface LargeBodyOptions {
  types: RegExp;
  /** What the handler gets as its body. */
  parse: (text: string) => unknown;
}

type Request = IncomingMessage & { body?: unknown };

export class LargeBodyInterceptor implements NestInterceptor {
  constructor(private readonly options: LargeBodyOptions) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<Request>();
    const { types, parse } = this.options;
    if (!types.test(request.headers['content-type'] ?? '') || isEncoded(request)) {
      throw new AdminError('UNSUPPORTED_MEDIA_TYPE');
    }
    request.body = parse(await readText(request));
    return next.handle();
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AdminError('INVALID_JSON', { cause });
  }
}

const isEncoded = ({ headers }: IncomingMessage): boolean =>
  (headers['content-encoding'] ?? 'identity') !== 'identity';

async function readText(request: IncomingMessage): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_LARGE_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Not `for await`: leaving it would destroy the connection the answer has to go through.
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_LARGE_BODY_BYTES) chunks.push(chunk);
      else reject(tooLarge());
    });
    request.once('end', resolve);
    request.once('error', reject);
    request.once('close', () => reject(new AdminError('VALIDATION_FAILED')));
  });
  const body = Buffer.concat(chunks);
  if (!isUtf8(body)) throw new AdminError('INVALID_JSON');
  return body.toString('utf8');
}

const tooLarge = (): AdminError => new AdminError('PAYLOAD_TOO_LARGE');
