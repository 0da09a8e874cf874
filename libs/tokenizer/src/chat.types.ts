import type { CalculateRequest, CountMessage } from '@ai-gateway/contracts';

export interface Chat {
  messages: readonly CountMessage[];
  tools?: CalculateRequest['tools'];
}

/** Model tokens of a chat; what belongs to no message (priming, default system) is `overhead`. */
export interface ChatTokens {
  perMessage: number[];
  tools: number;
  overhead: number;
}

/** A tool call in a message, in OpenAI's shape. Arguments are JSON text or, rarely, a value. */
export interface ToolCall {
  name: string;
  arguments: unknown;
}

/** Reads `tool_calls`; what isn't a call is left out. */
export function toolCallsOf(message: CountMessage): ToolCall[] {
  const calls = message['tool_calls'];
  if (!Array.isArray(calls)) return [];
  return calls.map(toolCallOf).filter((call) => call !== null);
}

function toolCallOf(call: unknown): ToolCall | null {
  if (!isRecord(call)) return null;
  const described = isRecord(call['function']) ? call['function'] : call;
  const { name } = described;
  return typeof name === 'string' ? { name, arguments: described['arguments'] ?? '' } : null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
