/**
 * Chats of models whose template is a frame around each message: Llama 3, DeepSeek, Mistral, GLM.
 *
 * Approach: a frame is data, the texts between control tokens with the role and the content filled
 * in; a control token counts one. What a template does besides (tools, their calls and results) is
 * counted as its text and makes the count an estimate.
 *
 * Source: `chat_template` in `tokenizer_config.json` of the models that `chat-templates.ts` names.
 */
import type { CountMessage } from '@ai-gateway/contracts';
import { toolCallsOf, type ChatTokens, type ReadChat } from './chat.types.js';
import { readContent } from './message-content.js';
import type { ImageRule, TokenMeter } from './token-meter.js';

/** Texts between control tokens: n texts have n - 1 of these. `{role}` and `{content}` are filled. */
type Frame = readonly string[];

export interface ChatTemplate {
  /** Before all messages. */
  start: Frame;
  /** By role; a role without a frame is counted by that of `user`, as an estimate. */
  messages: Readonly<Partial<Record<'system' | 'user' | 'assistant', Frame>>>;
  /** What primes the answer. */
  end: Frame;
  /** Whether white space around a content is dropped. */
  trims: boolean;
  /** A system message that the chat doesn't bring: its frame's content. */
  defaultSystem: string | null;
  /** What stands before the content of the system message. */
  systemPrefix: string;
}

const IMAGE: ImageRule = { low: 1600, other: 1600 };

export function countTemplateChat(
  { messages, tools }: ReadChat,
  template: ChatTemplate,
  meter: TokenMeter,
): ChatTokens {
  const { start, end, defaultSystem } = template;
  const givesSystem = messages[0]?.role === 'system';
  const implied = givesSystem || defaultSystem === null ? 0 : countSystem(template, meter);
  const frames = measure(start, meter) + measure(end, meter);
  return {
    perMessage: messages.map((message, index) => {
      const isFirst = index === 0;
      return countMessage({ message, isFirst, template, meter });
    }),
    tools: tools.reduce((sum, tool) => sum + meter.json(tool), 0),
    overhead: frames + implied,
  };
}

function countSystem({ messages, defaultSystem, systemPrefix }: ChatTemplate, meter: TokenMeter) {
  return measure(
    fill(messages.system ?? [], 'system', `${systemPrefix}${defaultSystem ?? ''}`),
    meter,
  );
}

interface Place {
  message: CountMessage;
  isFirst: boolean;
  template: ChatTemplate;
  meter: TokenMeter;
}

function countMessage({ message, isFirst, template, meter }: Place): number {
  const { role } = message;
  const content = readContent(message.content);
  const joined = content.texts.join('\n');
  const text = template.trims ? joined.trim() : joined;
  if (role === 'system' && !isFirst) meter.estimated(0);
  const body = role === 'system' && isFirst ? `${template.systemPrefix}${text}` : text;
  const calls = toolCallsOf(message).reduce((sum, call) => sum + meter.json(call), 0);
  const framed = measure(fill(frameOf(message, template, meter), role, body), meter);
  return framed + calls + meter.parts(content, IMAGE);
}

function frameOf({ role }: CountMessage, { messages }: ChatTemplate, meter: TokenMeter): Frame {
  const known = role === 'system' || role === 'user' || role === 'assistant';
  const frame = known ? messages[role] : undefined;
  if (frame !== undefined) return frame;
  meter.estimated(0);
  return messages.user ?? ['', '{content}', ''];
}

function fill(frame: Frame, role: string, content: string): string[] {
  return frame.map((text) => {
    const [before = '', after] = text.replace('{role}', () => role).split('{content}');
    return after === undefined ? before : `${before}${content}${after}`;
  });
}

function measure(frame: Frame, meter: TokenMeter): number {
  return meter.texts(frame) + Math.max(0, frame.length - 1);
}
