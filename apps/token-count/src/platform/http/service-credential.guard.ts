/**
 * Public routes pass; every other route wants the service credential, when one is set. Without one
 * the process listens on loopback only, and whoever is on this machine may count.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { accessOf, AdminError, bearerOf } from '@ai-gateway/nest-runtime';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Settings } from '../../settings.js';
import { SETTINGS } from '../tokens.js';

@Injectable()
export class ServiceCredentialGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const access = accessOf(this.reflector, context);
    if (access?.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    if (access?.kind === 'service' && this.mayCall(request)) return true;
    throw new AdminError('UNAUTHENTICATED');
  }

  private mayCall(request: IncomingMessage): boolean {
    const { credential } = this.settings;
    if (credential === null) return true;
    const bearer = bearerOf(request.headers.authorization) ?? apiKeyOf(request);
    return bearer !== null && timingSafeEqual(digest(bearer), digest(credential));
  }
}

/** Where clients of Anthropic's API put their credential. */
function apiKeyOf({ headers }: IncomingMessage): string | null {
  const key = headers['x-api-key'];
  return typeof key === 'string' ? key : null;
}

/** Equal lengths, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
