/**
 * Chat and tool overhead of OpenAI's models.
 *
 * Source: OpenAI Cookbook, "How to count tokens with tiktoken", sections 6 and 7
 * (num_tokens_from_messages, num_tokens_for_tools). Nested tool parameters, tool calls and images
 * are not covered there; they are counted as their text or by rule, and make the count an estimate.
 */
import type { CountMessage } from '@ai-gateway/contracts';
import {
  isRecord,
  toolCallsOf,
  type ReadChat,
  type ChatTokens,
  type Tool,
  type ToolCall,
} from './chat.types.js';
import { readContent } from './message-content.js';
import type { ChatRule } from './model-rules.js';
import type { ImageRule, TokenMeter } from './token-meter.js';

const PER_MESSAGE = 3;
const PER_NAME = 1;
/** Every reply is primed with `<|start|>assistant<|message|>`. */
const PRIMING = 3;
const PER_TOOL_CALL = 8;

const PROPERTIES = 3;
const PER_PROPERTY = 3;
const ENUM = -3;
const PER_ENUM_ITEM = 3;
const TOOLS_END = 12;

/** Low detail is fixed; 1024 × 1024 in high detail is 85 + 4 × 170 (OpenAI, "Images and vision"). */
const IMAGE: ImageRule = { low: 85, other: 765 };

const FLAT_TYPES = new Set<unknown>(['string', 'number', 'integer', 'boolean']);

export function countOpenAiChat(
  chat: ReadChat,
  rule: Extract<ChatRule, { kind: 'openai' }>,
  meter: TokenMeter,
): ChatTokens {
  return {
    perMessage: chat.messages.map((message) => countMessage(message, meter)),
    tools: countTools(chat.tools, rule.functionTokens, meter),
    overhead: PRIMING,
  };
}

function countMessage(message: CountMessage, meter: TokenMeter): number {
  const content = readContent(message.content);
  let tokens = PER_MESSAGE + meter.text(message.role);
  tokens += meter.texts(content.texts) + meter.parts(content, IMAGE);
  if (message.name !== undefined) tokens += PER_NAME + meter.text(message.name);
  for (const call of toolCallsOf(message)) tokens += countToolCall(call, meter);
  return tokens;
}

function countToolCall(call: ToolCall, meter: TokenMeter): number {
  const text = typeof call.arguments === 'string' ? call.arguments : '';
  const value = typeof call.arguments === 'string' ? 0 : meter.json(call.arguments);
  return meter.estimated(PER_TOOL_CALL + meter.text(call.name) + meter.text(text) + value);
}

function countTools(tools: readonly Tool[], functionTokens: number, meter: TokenMeter): number {
  if (tools.length === 0) return 0;
  const each = tools.map((tool) => functionTokens + countTool(tool, meter));
  return TOOLS_END + each.reduce((sum, tokens) => sum + tokens, 0);
}

function countTool(tool: Tool, meter: TokenMeter): number {
  const described = tool['function'];
  if (!isRecord(described) || typeof described['name'] !== 'string') return meter.json(tool);
  const description = withoutFullStop(described['description'] ?? '');
  const head = meter.text(`${described['name']}:${description}`);
  const parameters = described['parameters'];
  const properties = isRecord(parameters) ? parameters['properties'] : undefined;
  if (!isRecord(properties) || Object.keys(properties).length === 0) return head;
  const each = Object.entries(properties).map(([name, schema]) =>
    countProperty(name, schema, meter),
  );
  return head + PROPERTIES + each.reduce((sum, tokens) => sum + tokens, 0);
}

function countProperty(name: string, schema: unknown, meter: TokenMeter): number {
  if (!isRecord(schema) || !FLAT_TYPES.has(schema['type'])) {
    return PER_PROPERTY + meter.text(`${name}:`) + meter.json(schema);
  }
  const description = withoutFullStop(schema['description'] ?? '');
  const line = meter.text(`${name}:${String(schema['type'])}:${description}`);
  return PER_PROPERTY + countEnum(schema['enum'], meter) + line;
}

function countEnum(items: unknown, meter: TokenMeter): number {
  if (!Array.isArray(items)) return 0;
  const each = items.map((item) =>
    typeof item === 'string' ? meter.text(item) : meter.json(item),
  );
  return ENUM + each.reduce((sum: number, tokens) => sum + PER_ENUM_ITEM + tokens, 0);
}

function withoutFullStop(description: unknown): string {
  const text = typeof description === 'string' ? description : '';
  return text.endsWith('.') ? text.slice(0, -1) : text;
}
