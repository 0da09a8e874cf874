/**
 * Counting what a model is given: a text, a chat, or a whole request of the token-count API.
 * Functions of their arguments; they never throw on content, whatever a client put into it.
 */
import type { CalculateRequest, CalculateResponse, CountMethod } from '@ai-gateway/contracts';
import { countAnthropicChat } from './anthropic-chat.js';
import { asChat, type Chat, type ChatTokens, type ReadChat } from './chat.types.js';
import { countChatMl } from './chatml-chat.js';
import { loadEncoding, type EncodingName } from './encoding.registry.js';
import { BUILT_IN_MODELS } from './model-encodings.js';
import type { ChatRule, ModelRule, ModelRules } from './model-rules.js';
import { countOpenAiChat } from './openai-chat.js';
import { TokenMeter } from './token-meter.js';

export interface CountedText {
  encoding: EncodingName;
  method: CountMethod;
  tokens: number;
}

export interface CountedChat {
  encoding: EncodingName;
  method: CountMethod;
  /** All of it: messages, tools, priming and default system prompt. */
  input: number;
  perMessage: number[];
  tools: number;
}

/** Tokens of a bare text: an answer's output, a completion's prompt, an embedding's input. */
export function countText(
  model: string,
  text: string | readonly string[],
  models: ModelRules = BUILT_IN_MODELS,
): CountedText {
  const rule = models.ruleOf(model);
  const meter = meterFor(rule);
  const tokens = typeof text === 'string' ? meter.text(text) : meter.texts(text);
  return { encoding: rule.encoding, method: methodOf(meter), tokens };
}

/** Tokens of a chat as its model's template or provider counts them. */
export function countChat(
  model: string,
  chat: Chat,
  models: ModelRules = BUILT_IN_MODELS,
): CountedChat {
  const rule = models.ruleOf(model);
  const meter = meterFor(rule);
  if (!rule.chat.published) meter.estimated(0);
  const { perMessage, tools, overhead } = countByRule(asChat(chat), rule.chat, meter);
  const input = perMessage.reduce((sum, tokens) => sum + tokens, tools + overhead);
  return { encoding: rule.encoding, method: methodOf(meter), input, perMessage, tools };
}

/** Answers a valid request of `POST /calculate`. */
export function countRequest(
  body: CalculateRequest,
  models: ModelRules = BUILT_IN_MODELS,
): CalculateResponse {
  const { model, messages, tools } = body;
  if (messages === undefined) {
    const counted = countText(model, body.prompt ?? body.input ?? '', models);
    const { encoding, method, tokens } = counted;
    return { model, encoding, method, tokens: { input: tokens } };
  }
  const chat = countChat(model, { messages, tools }, models);
  return {
    model,
    encoding: chat.encoding,
    method: chat.method,
    tokens: {
      input: chat.input,
      per_message: chat.perMessage,
      ...(tools === undefined ? {} : { tools: chat.tools }),
    },
  };
}

function countByRule(chat: ReadChat, rule: ChatRule, meter: TokenMeter): ChatTokens {
  switch (rule.kind) {
    case 'openai':
      return countOpenAiChat(chat, rule, meter);
    case 'chatml':
      return countChatMl(chat, rule, meter);
    case 'anthropic':
      return countAnthropicChat(chat, meter);
  }
}

function meterFor(rule: ModelRule): TokenMeter {
  return new TokenMeter(loadEncoding(rule.encoding), rule.factor, rule.method === 'exact');
}

function methodOf(meter: TokenMeter): CountMethod {
  return meter.exact ? 'exact' : 'estimate';
}
