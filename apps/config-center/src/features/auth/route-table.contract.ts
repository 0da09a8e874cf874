/** The routes an application declares, read from Nest's own containers; for the access tests. */
import { RequestMethod, type INestApplicationContext, type Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { ACCESS_METADATA, type Access } from '@ai-gateway/nest-runtime';
import { routePattern } from './access.guard.js';

export interface DeclaredRoute {
  /** `GET /api/v1/users/:user_id` */
  name: string;
  method: string;
  pattern: string;
  /** Of the method and of its controller; exactly one is wanted. */
  accesses: Access[];
}

export function routesOf(app: INestApplicationContext): DeclaredRoute[] {
  const modules = [...app.get(ModulesContainer).values()];
  const controllers = modules.flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => routesOfController(metatype as Type));
}

function routesOfController(controller: Type): DeclaredRoute[] {
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    if (typeof handler !== 'function') return [];
    const verb = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    return verb === undefined ? [] : [declaredRoute(controller, handler, RequestMethod[verb])];
  });
}

function declaredRoute(controller: Type, handler: object, method: string): DeclaredRoute {
  const segments = routePattern(controller, handler).split('/').filter(Boolean);
  const pattern = `/${segments.join('/')}`;
  const accesses = [controller, handler].flatMap((target) => {
    const access = Reflect.getMetadata(ACCESS_METADATA, target) as Access | undefined;
    return access === undefined ? [] : [access];
  });
  return { name: `${method} ${pattern}`, method, pattern, accesses };
}
