/** A route sends a path to an upstream, before the built-in LLM surfaces are looked at. */
import { z } from 'zod';
import {
  countSchema,
  idSchema,
  nameSchema,
  prioritySchema,
  statusSchema,
  storedFields,
  updateOf,
} from './primitives.js';
import { timeoutsSchema } from './upstream.schema.js';

export const PATH_TYPES = ['exact', 'prefix', 'wildcard'] as const;
export type PathType = (typeof PATH_TYPES)[number];

export const ROUTE_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Canonical: absolute, no empty, dot or encoded segments. `*` is a wildcard where allowed. */
const pathSchema = z
  .string()
  .max(500)
  .regex(/^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/, 'an absolute path without query or escapes')
  .refine((path) => !/\/\/|\/\.{1,2}(\/|$)/.test(path), 'must not contain empty or dot segments');

/** Without a port; `*` and `*.` as the gateway understands them. */
const hostSchema = z
  .string()
  .max(253)
  .regex(/^(\*|(\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/, 'a host name without port');

const writable = {
  name: nameSchema(100),
  path: pathSchema,
  path_type: z.enum(PATH_TYPES),
  methods: z.array(z.enum(ROUTE_METHODS)).max(7).describe('empty: any'),
  hosts: z.array(hostSchema).max(50).describe('empty: any'),
  upstream_id: idSchema,
  target_url: pathSchema
    .nullable()
    .describe('path at the target; * takes what the wildcard matched; null: the path as it came'),
  strip_prefix: z.boolean().describe('for path_type prefix: forward only what follows the path'),
  requires_auth: z.boolean(),
  timeouts: timeoutsSchema.describe('override the upstream’s'),
  rate_limit_rpm: countSchema.nullable().describe('requests per minute over all callers'),
  priority: prioritySchema,
  status: statusSchema,
};
export const routeCreateSchema = z.strictObject({
  ...writable,
  path_type: writable.path_type.default('exact'),
  methods: writable.methods.default([]),
  hosts: writable.hosts.default([]),
  target_url: writable.target_url.default(null),
  strip_prefix: writable.strip_prefix.default(false),
  requires_auth: writable.requires_auth.default(true),
  timeouts: timeoutsSchema.default({}),
  rate_limit_rpm: writable.rate_limit_rpm.default(null),
  priority: prioritySchema.default(100),
  status: statusSchema.default(1),
});
export const routeUpdateSchema = updateOf(writable);
export const routeConfigSchema = z.object({ route_id: idSchema, ...writable });
export const routeSchema = routeConfigSchema.extend(storedFields);

export type RouteCreate = z.infer<typeof routeCreateSchema>;
export type RouteUpdate = z.infer<typeof routeUpdateSchema>;
export type RouteConfig = z.infer<typeof routeConfigSchema>;
export type Route = z.infer<typeof routeSchema>;
