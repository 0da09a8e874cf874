/**
 * Denies what nobody opened: public routes pass, service routes want the service credential, all
 * else is refused until a guard that knows users takes this one's place.
 */
import { timingSafeEqual, createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  AdminError,
  accessOf,
  attachPrincipal,
  bearerOf,
  type Principal,
} from '@ai-gateway/nest-runtime';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Settings } from '../../settings.js';
import { SETTINGS } from '../tokens.js';

export const SERVICE_PRINCIPAL: Principal = {
  kind: 'service',
  userId: null,
  username: 'service',
  roles: [],
  permissions: ['read'],
};

@Injectable()
export class DenyByDefaultGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const bearer = bearerOf(request.headers.authorization);
    const isService = bearer !== null && isSameSecret(bearer, this.settings.serviceCredential);
    if (isService) attachPrincipal(request, SERVICE_PRINCIPAL);
    const access = accessOf(this.reflector, context);
    if (access?.kind === 'public' || (access?.kind === 'service' && isService)) return true;
    throw new AdminError('UNAUTHENTICATED');
  }
}

/** Constant time whatever the lengths. */
export function isSameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
