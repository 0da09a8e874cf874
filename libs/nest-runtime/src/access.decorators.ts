/**
 * Who may call a route. Every route declares exactly one of these; a guard denies what declares
 * none. The decorators only leave metadata, so that control plane and token service can guard in
 * their own ways.
 */
import { SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Permission, Role } from '@ai-gateway/contracts';
import type { Reflector } from '@nestjs/core';

export const ACCESS_METADATA = 'ai-gateway:access';

export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'service' }
  | { readonly kind: 'permission'; readonly permission: Permission };

/** Anyone. A guard still attaches the principal of a valid credential. */
export const Public = () => SetMetadata(ACCESS_METADATA, { kind: 'public' } satisfies Access);

/** Other processes of the product, by the service credential. */
export const ServiceOnly = () => SetMetadata(ACCESS_METADATA, { kind: 'service' } satisfies Access);

export const RequirePermission = (permission: Permission) =>
  SetMetadata(ACCESS_METADATA, { kind: 'permission', permission } satisfies Access);

/** The method's declaration, else its controller's; null: none, so deny. */
export function accessOf(reflector: Reflector, context: ExecutionContext): Access | null {
  const targets = [context.getHandler(), context.getClass()];
  return reflector.getAllAndOverride<Access | undefined>(ACCESS_METADATA, targets) ?? null;
}

export interface Principal {
  readonly kind: 'user' | 'service';
  /** Null for services. */
  readonly userId: number | null;
  readonly username: string;
  readonly roles: readonly Role[];
  readonly permissions: readonly Permission[];
}

const PRINCIPAL = Symbol('principal');

/** What a guard found out; read with `principalOf`. */
export function attachPrincipal(request: object, principal: Principal): void {
  Object.defineProperty(request, PRINCIPAL, { value: principal, configurable: true });
}

export const principalOf = (request: object): Principal | null =>
  (request as { [PRINCIPAL]?: Principal })[PRINCIPAL] ?? null;

/** The credential of `Authorization: Bearer <credential>`, null when there is none. */
export function bearerOf(authorization: string | undefined): string | null {
  const match = /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(authorization ?? '');
  return match?.[1] ?? null;
}
