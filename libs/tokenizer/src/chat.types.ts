/** Chats as the counting reads them, and reading them from requests nobody has validated. */
import type { CountMessage } from '@ai-gateway/contracts';
import { pythonJson } from './python-json.js';

type Content = CountMessage['content'];
export type ContentPart = Exclude<Content, string | null | undefined>[number];
export type Tool = Readonly<Record<string, unknown>>;

export interface Chat {
  messages: readonly CountMessage[];
  tools?: readonly Tool[] | undefined;
}

/** A chat whose every part has the right shape. */
export interface ReadChat {
  messages: readonly CountMessage[];
  tools: readonly Tool[];
}

/**
 * The gateway counts what it forwards, valid or not: whatever isn't of the right shape is brought
 * into one in which it is counted as its text.
 */
export function asChat({ messages, tools }: Chat): ReadChat {
  return { messages: arrayOf(messages).map(asMessage), tools: arrayOf(tools).map(asTool) };
}

function asMessage(given: unknown): CountMessage {
  if (!isRecord(given)) return { role: '', content: pythonJson(given) };
  const { role, name } = given;
  return {
    ...given,
    role: typeof role === 'string' ? role : '',
    name: typeof name === 'string' ? name : undefined,
    content: asContent(given['content']),
  };
}

function asContent(content: unknown): Content {
  if (content === undefined || content === null || typeof content === 'string') return content;
  return Array.isArray(content) ? content.map(asPart) : [asPart(content)];
}

export function asPart(part: unknown): ContentPart {
  if (typeof part === 'string') return { type: 'text', text: part };
  if (!isRecord(part)) return { type: '', value: part };
  const { type, text } = part;
  return {
    ...part,
    type: typeof type === 'string' ? type : '',
    text: typeof text === 'string' ? text : undefined,
  };
}

function asTool(tool: unknown): Tool {
  return isRecord(tool) ? tool : { value: tool };
}

function arrayOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
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
