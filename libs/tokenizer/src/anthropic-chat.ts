/**
 * An estimate for Claude that errs high: no tokenizer or message format is published, only the size
 * of the prompt that tools bring with them.
 *
 * Source: platform.claude.com, "Tool use" (346 tokens of system prompt for `auto`, 530 the most for
 * any listed model), "Vision" (an image of the largest size that isn't scaled is about 1,600
 * tokens), "Token counting" (the examples which the tests use as lower bounds).
 */
import type { CountMessage } from '@ai-gateway/contracts';
import { toolCallsOf, type ReadChat, type ChatTokens } from './chat.types.js';
import { readContent } from './message-content.js';
import { pythonJson } from './python-json.js';
import type { ImageRule, TokenMeter } from './token-meter.js';

const PER_MESSAGE = 4;
const OVERHEAD = 5;
const TOOLS_PROMPT = 530;
const PER_TOOL = 12;
const IMAGE: ImageRule = { low: 1600, other: 1600 };

export function countAnthropicChat(chat: ReadChat, meter: TokenMeter): ChatTokens {
  const { tools } = chat;
  const each = tools.map((tool) => PER_TOOL + meter.text(pythonJson(tool)));
  return {
    perMessage: chat.messages.map((message) => countMessage(message, meter)),
    tools: each.reduce((sum, tokens) => sum + tokens, tools.length === 0 ? 0 : TOOLS_PROMPT),
    overhead: OVERHEAD,
  };
}

function countMessage(message: CountMessage, meter: TokenMeter): number {
  const content = readContent(message.content);
  const calls = toolCallsOf(message).map((call) => PER_MESSAGE + meter.json(call));
  const own = PER_MESSAGE + meter.texts(content.texts) + meter.parts(content, IMAGE);
  return calls.reduce((sum, tokens) => sum + tokens, own);
}
