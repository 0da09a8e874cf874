/**
 * Sends a request through this application's own HTTP stack without a connection: routing, guard,
 * validation and services are those of a request from outside, so an operation of a batch is held to
 * exactly what it would be held to alone. Being awaited in place, it runs within the transaction of
 * its caller. Rejected: calling services directly, which needs a second table of routes, schemas
 * and permissions that would drift from the first.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { attachPrincipal, markInternal, type Principal } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { inject, type InjectOptions } from 'light-my-request';
import { currentActor } from '../../platform/audit/actor-context.js';

export interface InProcessRequest {
  method: 'POST' | 'PUT' | 'DELETE';
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Absent: none. */
  body?: unknown;
  /** Who the guard takes it to come from; null: nobody yet. */
  principal: Principal | null;
}

export interface InProcessAnswer {
  status: number;
  /** Null when there is none. */
  body: unknown;
}

type Application = (request: IncomingMessage, response: ServerResponse) => void;

@Injectable()
export class InProcessHttp {
  constructor(private readonly host: HttpAdapterHost) {}

  async send({
    method,
    path,
    headers,
    body,
    principal,
  }: InProcessRequest): Promise<InProcessAnswer> {
    const application = this.host.httpAdapter.getInstance<Application>();
    const dispatch = (request: IncomingMessage, response: ServerResponse): void => {
      keepMethods(request);
      keepMethods(response);
      markInternal(request);
      if (principal !== null) attachPrincipal(request, principal);
      application(request, response);
    };
    const { address, requestId } = currentActor();
    const options: InjectOptions = {
      method,
      url: path,
      headers: { ...headers, ...(requestId === null ? {} : { 'x-request-id': requestId }) },
      remoteAddress: address ?? '127.0.0.1',
    };
    if (body !== undefined) {
      options.payload = JSON.stringify(body);
      options.headers = { ...options.headers, 'content-type': 'application/json' };
    }
    const { statusCode, payload } = await inject(dispatch, options);
    return { status: statusCode, body: payload === '' ? null : JSON.parse(payload) };
  }
}

/** Express replaces the prototypes of what it is given; own methods survive that. */
function keepMethods(target: object): void {
  const prototype = Object.getPrototypeOf(target) as object;
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name !== 'constructor') Object.defineProperty(target, name, descriptor);
  }
}
