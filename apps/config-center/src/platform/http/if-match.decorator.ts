/** `If-Match` of a PUT or DELETE: the version the client read, or `*`. */
import type { IncomingMessage } from 'node:http';
import { AdminError } from '@ai-gateway/nest-runtime';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

export type ExpectedVersion = '*' | readonly number[];

/** Missing → 428 VERSION_REQUIRED. A tag that is no version matches nothing (412). */
export const IfMatch = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<IncomingMessage>();
  return parseIfMatch(request.headers['if-match']);
});

/** For a PUT that may create: null when the client named no version. */
export const OptionalIfMatch = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const header = context.switchToHttp().getRequest<IncomingMessage>().headers['if-match'];
  return header === undefined || header.trim() === '' ? null : parseIfMatch(header);
});

export function parseIfMatch(header: string | undefined): ExpectedVersion {
  const text = header?.trim() ?? '';
  if (text === '') throw new AdminError('VERSION_REQUIRED');
  if (text === '*') return '*';
  return text.split(',').flatMap((tag) => {
    const version = /^"?(\d{1,10})"?$/.exec(tag.trim())?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

export function checkVersion(current: number, expected: ExpectedVersion): void {
  if (expected === '*' || expected.includes(current)) return;
  throw new AdminError('VERSION_MISMATCH', {
    details: [{ path: 'version', message: `the current version is ${current}` }],
    headers: { ETag: `"${current}"` },
  });
}
