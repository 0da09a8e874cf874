/**
 * What a message holds beside its role: texts, media and structured parts, in the shapes of OpenAI
 * (chat and responses) and Anthropic. Nothing is ever fetched: media are counted by rule.
 */
import type { CountMessage } from '@ai-gateway/contracts';
import { asPart, type ContentPart as Part } from './chat.types.js';

export interface MessageContent {
  texts: string[];
  images: { lowDetail: boolean }[];
  /** Audio and documents: characters of their inline data, 0 for a reference. */
  attachments: number[];
  /** Parts that reach the model as structured text. */
  structured: unknown[];
}

const TEXT_FIELDS: ReadonlyMap<string, string> = new Map([
  ['text', 'text'],
  ['input_text', 'text'],
  ['output_text', 'text'],
  ['refusal', 'refusal'],
  ['thinking', 'thinking'],
]);
const IMAGE_TYPES = new Set(['image', 'image_url', 'input_image']);
const ATTACHMENT_TYPES = new Set(['audio', 'input_audio', 'file', 'input_file', 'document']);
const STRUCTURED_TYPES = new Set(['tool_use', 'tool_result', 'redacted_thinking']);

/** Whether there is a counting rule for the part; what has none is counted as structured text. */
export function isCountablePart(part: Part): boolean {
  const field = TEXT_FIELDS.get(part.type);
  if (field !== undefined) return typeof part[field] === 'string';
  return (
    IMAGE_TYPES.has(part.type) || ATTACHMENT_TYPES.has(part.type) || STRUCTURED_TYPES.has(part.type)
  );
}

export function readContent(content: CountMessage['content']): MessageContent {
  const read: MessageContent = { texts: [], images: [], attachments: [], structured: [] };
  if (typeof content === 'string') read.texts.push(content);
  else for (const part of content ?? []) readPart(part, read);
  return read;
}

function readPart(part: Part, read: MessageContent): void {
  const text = part[TEXT_FIELDS.get(part.type) ?? ''];
  if (typeof text === 'string') read.texts.push(text);
  else if (IMAGE_TYPES.has(part.type)) read.images.push({ lowDetail: detailOf(part) === 'low' });
  else if (ATTACHMENT_TYPES.has(part.type)) read.attachments.push(lengthOfTexts(part));
  else if (part.type === 'tool_result') readToolResult(part, read);
  else read.structured.push(part);
}

/** Results carry text or parts of their own, one level deep. */
function readToolResult(part: Part, read: MessageContent): void {
  const { content } = part;
  if (typeof content === 'string') read.texts.push(content);
  else if (!Array.isArray(content)) read.structured.push(part);
  else for (const inner of content) readResultPart(asPart(inner), read);
}

function readResultPart(part: Part, read: MessageContent): void {
  if (part.type === 'tool_result') read.structured.push(part);
  else readPart(part, read);
}

/** OpenAI: `image_url: {url, detail}` or, for responses, `detail` beside `image_url`. */
function detailOf(part: Part): unknown {
  const nested = part['image_url'];
  if (typeof nested === 'object' && nested !== null && 'detail' in nested) return nested.detail;
  return part['detail'];
}

/** Characters of all texts within a value, without recursion: its depth is the client's choice. */
function lengthOfTexts(value: unknown): number {
  let length = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'string') length += next.length;
    else if (typeof next === 'object' && next !== null) {
      for (const inner of Object.values(next)) waiting.push(inner);
    }
  }
  return length;
}
