/** Errors the gateway makes, in the shape the client's SDK reads. */
import type { ClientErrorEntry } from '@ai-gateway/contracts';
import type { WireProtocol } from './surfaces.js';

export interface ErrorDetails {
  readonly requestId: string;
  /** Only safe text: a rule's own message or one of this library's; default the table's. */
  readonly message?: string | undefined;
  /** Dotted path of the field at fault. */
  readonly param?: string | null | undefined;
  /** Name of the rule that refused. */
  readonly rule?: string | undefined;
}

/** The error as an object, ready to be stringified as a response body. */
export function errorBody(
  protocol: WireProtocol,
  entry: ClientErrorEntry,
  details: ErrorDetails,
): Record<string, unknown> {
  const message = details.message ?? entry.message;
  const rule = details.rule === undefined ? {} : { rule: details.rule };
  const { requestId } = details;
  if (protocol === 'anthropic') {
    const error = { type: entry.anthropicType, message, code: entry.code, ...rule };
    return { type: 'error', error, request_id: requestId };
  }
  const { type, code } = entry;
  const param = details.param ?? null;
  return { error: { message, type, code, param, request_id: requestId, ...rule } };
}
