/**
 * Deny by default, on every route. What a route declares decides: public, a permission on the
 * resource its path names, or the service credential. Who has no valid credential gets 401, who has
 * one that does not reach gets 403. A user's credential never opens a service route, nor the other
 * way round.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  Inject,
  Injectable,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { Reflector } from '@nestjs/core';
import {
  accessOf,
  AdminError,
  attachPrincipal,
  bearerOf,
  principalOf,
  type Access,
  type Principal,
} from '@ai-gateway/nest-runtime';
import { AuditTrail } from '../../platform/audit/audit-trail.js';
import { Database } from '../../platform/database/database.js';
import { actorOf, attemptOf } from '../../platform/http/actor.interceptor.js';
import { isStoreFailure } from '../../platform/database/database-errors.js';
import { answerFromMemoryOnly } from '../../platform/http/stale-answers.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { AccessCheck, type UserPrincipal } from './access-check.js';
import { mayAccess, resourceOfPath } from './access-matrix.js';

const SERVICE: Principal = {
  kind: 'service',
  userId: null,
  username: 'service',
  roles: [],
  permissions: [],
};

@Injectable()
export class AccessGuard implements CanActivate {
  private readonly serviceDigest: Buffer;
  private readonly staleReadMs: number;

  constructor(
    private readonly reflector: Reflector,
    private readonly check: AccessCheck,
    private readonly audit: AuditTrail,
    private readonly database: Database,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.serviceDigest = digestOf(settings.serviceCredential);
    this.staleReadMs = settings.staleReadMs;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const access = accessOf(this.reflector, context);
    if (access?.kind === 'public') {
      await this.identifyIfPossible(request);
      return true;
    }
    const principal = await this.identifyOrRecall(request);
    attachPrincipal(request, principal);
    if (access !== null && reaches(principal, access, context)) return true;
    await this.recordDenial(request);
    throw new AdminError('FORBIDDEN');
  }

  /** A store that is away must not turn a denial into anything else. */
  private async recordDenial(request: IncomingMessage): Promise<void> {
    if (request.method === 'GET' || this.database.isWriting) return;
    const attempt = { ...attemptOf(request), outcome: 'FORBIDDEN', actor: actorOf(request) };
    await this.audit.record(attempt).catch(() => undefined);
  }

  /** Only this process itself can have attached a principal, to an operation of a batch. */
  private async identify(request: IncomingMessage): Promise<Principal> {
    const attached = principalOf(request);
    if (attached !== null) return attached;
    const { headers } = request;
    const credential = bearerOf(headers.authorization);
    if (credential === null) throw refusal('UNAUTHENTICATED');
    if (timingSafeEqual(digestOf(credential), this.serviceDigest)) return SERVICE;
    const principal = await this.check.principalOf(credential);
    if (principal === null) throw refusal('INVALID_TOKEN');
    return principal;
  }

  /** While the store is away, who was known a while ago may read what stands in memory. */
  private async identifyOrRecall(request: IncomingMessage): Promise<Principal> {
    try {
      return await this.identify(request);
    } catch (error) {
      const token = bearerOf(request.headers.authorization);
      if (request.method !== 'GET' || token === null || !isStoreFailure(error)) throw error;
      const known = this.check.lastKnown(token, this.staleReadMs);
      if (known === null) throw error;
      answerFromMemoryOnly(request);
      return known;
    }
  }

  /** A public route answers also when the credential or the store fails, only with less. */
  private async identifyIfPossible(request: IncomingMessage): Promise<void> {
    if (request.headers.authorization === undefined) return;
    try {
      attachPrincipal(request, await this.identify(request));
    } catch {
      return;
    }
  }
}

/** The user a guarded route was called by. */
export function userOf(request: object): UserPrincipal {
  const principal = principalOf(request);
  if (principal?.kind !== 'user') throw new AdminError('FORBIDDEN');
  return principal as UserPrincipal;
}

function reaches(principal: Principal, access: Access, context: ExecutionContext): boolean {
  if (access.kind !== 'permission') return principal.kind === 'service';
  const resource = resourceOfPath(routePattern(context.getClass(), context.getHandler()));
  if (resource === null) return false;
  return principal.roles.some((role) => mayAccess(role, resource, access.permission));
}

/** The path a handler is declared with; of several the first, they are names of one thing. */
export function routePattern(controller: Type, handler: object): string {
  return [controller, handler]
    .map((target) => [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat()[0])
    .join('/');
}

const refusal = (code: 'UNAUTHENTICATED' | 'INVALID_TOKEN'): AdminError =>
  new AdminError(code, { headers: { 'WWW-Authenticate': 'Bearer' } });

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
