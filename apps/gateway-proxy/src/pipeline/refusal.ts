/** Why a step ends a request: a value, not an exception. */
import type { ClientErrorReason } from '@ai-gateway/contracts';

interface RefusingRule {
  id: string;
  name: string;
  type: string;
}

export interface Refusal {
  readonly reason: ClientErrorReason;
  /** Replaces the table's message; must be safe to show. */
  readonly message?: string;
  /** The field the refusal is about. */
  readonly param?: string | null;
  readonly rule?: RefusingRule;
  /** Until the same request may succeed, milliseconds. */
  readonly retryAfterMs?: number;
}

export const refuse = (
  reason: ClientErrorReason,
  details: Omit<Refusal, 'reason'> = {},
): Refusal => ({ reason, ...details });
