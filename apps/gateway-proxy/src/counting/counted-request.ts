/** What of an LLM request is given to the model, in the shape the tokenizer counts. */
import type { CalculateRequest } from '@ai-gateway/contracts';
import type { RequestContext } from '../pipeline/request-context.js';

type Fields = Readonly<Record<string, unknown>>;

/** Null when a field has a form the tokenizer's contract does not know. */
export function countedRequest(ctx: RequestContext): CalculateRequest | null {
  const fields = ctx.body as Fields;
  const model = modelName(ctx);
  const tools = Array.isArray(fields.tools) ? { tools: fields.tools as Fields[] } : {};
  switch (ctx.surface?.kind) {
    case 'chat':
      return { model, messages: messagesOf(fields), ...tools };
    case 'messages':
      return { model, messages: [...systemOf(fields), ...messagesOf(fields)], ...tools };
    case 'completion':
      return withTexts(model, 'prompt', fields.prompt);
    case 'embedding':
      return withTexts(model, 'input', fields.input);
    default:
      return null;
  }
}

export const modelName = (ctx: RequestContext): string =>
  ctx.destination?.model?.name ?? ctx.llm?.model ?? '';

type Messages = NonNullable<CalculateRequest['messages']>;

const messagesOf = (fields: Fields): Messages => fields.messages as Messages;

/** Anthropic's system prompt stands beside the messages. */
function systemOf({ system }: Fields): Messages {
  if (typeof system !== 'string' && !Array.isArray(system)) return [];
  return [{ role: 'system', content: system as string }];
}

function withTexts(
  model: string,
  field: 'prompt' | 'input',
  value: unknown,
): CalculateRequest | null {
  const isText = typeof value === 'string';
  const areTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isText || areTexts ? { model, [field]: value } : null;
}

/** Every text within a value, whatever its shape; depth has been bounded by the scanner. */
export function textsWithin(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsWithin);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsWithin);
  return [];
}

/** Prompts given as token ids count one each. */
export function tokenIdsWithin(value: unknown): number {
  if (typeof value === 'number') return 1;
  return Array.isArray(value)
    ? value.reduce<number>((sum, item) => sum + tokenIdsWithin(item), 0)
    : 0;
}

/** Parts that are not text: images, audio, documents. An address of an image is short, the image is not. */
export function countAttachments(messages: unknown): number {
  if (!Array.isArray(messages)) return 0;
  let attachments = 0;
  for (const { content } of messages as { content?: unknown }[]) {
    if (!Array.isArray(content)) continue;
    for (const { type } of content as { type?: unknown }[]) if (type !== 'text') attachments += 1;
  }
  return attachments;
}
