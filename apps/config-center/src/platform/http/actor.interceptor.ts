/**
 * Says who acts while a handler runs, and puts refused attempts to change something on the audit
 * trail: a change that was made writes its own row, one that was refused would leave no trace.
 */
import type { IncomingMessage } from 'node:http';
import { AdminError, principalOf, requestIdOf } from '@ai-gateway/nest-runtime';
import type { Logger } from '@ai-gateway/node-runtime';
import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Observable, catchError } from 'rxjs';
import { actingAs, type Actor } from '../audit/actor-context.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../tokens.js';

type Request = IncomingMessage & { ip?: string; params?: Record<string, string> };

/** Refusals that say something about the change, not about the request's form. */
const RECORDED = new Set<string>([
  'FORBIDDEN',
  'CONFLICT',
  'IN_USE',
  'ROLLOUT_ACTIVE',
  'VERSION_MISMATCH',
  'UNPROCESSABLE',
  'UNSUPPORTED_REGEX',
  'ADDRESS_NOT_ALLOWED',
  'CAP_EXCEEDED',
]);

@Injectable()
export class ActorInterceptor implements NestInterceptor {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    const actor = actorOf(request);
    const handled = new Observable((subscriber) =>
      actingAs(actor, () => next.handle().subscribe(subscriber)),
    );
    return handled.pipe(
      catchError(async (error: unknown) => {
        await this.recordRefusal(error, request, actor);
        throw error;
      }),
    );
  }

  /** Within a batch nothing is recorded here: it is refused, and recorded, as a whole. */
  private async recordRefusal(error: unknown, request: Request, actor: Actor): Promise<void> {
    if (!(error instanceof AdminError) || !RECORDED.has(error.code)) return;
    if (actor.userId === null || this.database.isWriting) return;
    try {
      await this.audit.record({ ...attemptOf(request), outcome: error.code, actor });
    } catch (err) {
      this.logger.warn({ err }, 'a refused attempt could not be put on the audit trail');
    }
  }
}

export function actorOf(request: Request): Actor {
  const principal = principalOf(request);
  return {
    userId: principal?.userId ?? null,
    username: principal?.username ?? 'anonymous',
    address: request.ip ?? null,
    requestId: requestIdOf(request),
    comment: commentOf(request),
  };
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', DELETE: 'delete' };

/** The column takes no more, and a number that is too large must not cost the row. */
const MAX_ID = 2 ** 31 - 1;

/** What a request was about, from its path alone: its last named part and number. */
export function attemptOf({ method, url, params }: Request) {
  const segments = (url ?? '/').split('?', 1)[0]?.split('/').filter(Boolean) ?? [];
  const ids = segments.filter((segment) => /^\d{1,15}$/.test(segment)).map(Number);
  const names = segments.filter((segment) => /^[a-z-]+$/.test(segment));
  const id = ids.at(-1);
  const isAboutOne = params !== undefined && /^\d+$/.test(segments.at(-1) ?? '');
  return {
    action: VERBS[method ?? ''] ?? 'act',
    objectType: (names.at(-1) ?? 'unknown').slice(0, 50),
    objectId: isAboutOne && id !== undefined && id <= MAX_ID ? id : null,
  };
}

const MAX_COMMENT = 500;

/** `X-Change-Comment`: UTF-8, which HTTP servers read as Latin-1, or percent-encoded. */
function commentOf({ headers }: Request): string | null {
  const raw = headers['x-change-comment'];
  if (typeof raw !== 'string' || raw.trim() === '') return null;
  const text = decoded(raw)
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim();
  return text.slice(0, MAX_COMMENT).toWellFormed();
}

function decoded(raw: string): string {
  const text = Buffer.from(raw, 'latin1').toString('utf8');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
