/**
 * Counting what a model is given: a text, a chat, or a whole request of the token-count API.
 * Functions of their arguments; they never throw on content, whatever a client put into it.
 *
 * In slices: the request is rendered once to learn its texts, these are counted with pauses, and it
 * is rendered again with their counts at hand. Rendering is cheap and needs no count, so the rules
 * of the families stay plain functions. Rejected: cutting texts at fixed lengths, which splits
 * tokens; worker threads, which load every vocabulary again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CalculateRequest, CalculateResponse, CountMethod } from '@ai-gateway/contracts';
import { countAnthropicChat } from './anthropic-chat.js';
import { asChat, type Chat, type ChatTokens, type ReadChat } from './chat.types.js';
import { countChatMl } from './chatml-chat.js';
import { countDeclaredChat } from './declared-chat.js';
import type { TextCount } from './encoding.js';
import { availableRule, counterOf } from './available-rule.js';
import { BUILT_IN_MODELS } from './model-encodings.js';
import type { ChatRule, ModelRule, ModelRules } from './model-rules.js';
import { countOpenAiChat } from './openai-chat.js';
import { countTemplateChat } from './template-chat.js';
import { TokenMeter } from './token-meter.js';

export interface CountedText {
  encoding: string;
  method: CountMethod;
  tokens: number;
}

export interface CountedChat {
  encoding: string;
  method: CountMethod;
  /** All of it: messages, tools, priming and default system prompt. */
  input: number;
  perMessage: number[];
  tools: number;
}

export type CountOf = (text: string) => TextCount;

/** Tokens of a bare text: an answer's output, a completion's prompt, an embedding's input. */
export function countText(
  model: string,
  text: string | readonly string[],
  models: ModelRules = BUILT_IN_MODELS,
): CountedText {
  const rule = availableRule(models.ruleOf(model));
  return textCounted(rule, text, countOfEncoding(rule));
}

/** As `countText`, holding up the event loop for a few milliseconds at a time. */
export function countTextInSlices(
  model: string,
  text: string | readonly string[],
  models: ModelRules = BUILT_IN_MODELS,
): Promise<CountedText> {
  const rule = availableRule(models.ruleOf(model));
  return inSlices(rule, (countOf) => textCounted(rule, text, countOf));
}

/** Tokens of a chat as its model's template or provider counts them. */
export function countChat(
  model: string,
  chat: Chat,
  models: ModelRules = BUILT_IN_MODELS,
): CountedChat {
  const rule = availableRule(models.ruleOf(model));
  return chatCounted(rule, chat, countOfEncoding(rule));
}

/** Answers a valid request of `POST /calculate`. */
export function countRequest(
  body: CalculateRequest,
  models: ModelRules = BUILT_IN_MODELS,
): CalculateResponse {
  const rule = availableRule(models.ruleOf(body.model));
  return requestCounted(rule, body, countOfEncoding(rule));
}

/** As `countRequest`, holding up the event loop for a few milliseconds at a time. */
export function countRequestInSlices(
  body: CalculateRequest,
  models: ModelRules = BUILT_IN_MODELS,
): Promise<CalculateResponse> {
  const rule = availableRule(models.ruleOf(body.model));
  return inSlices(rule, (countOf) => requestCounted(rule, body, countOf));
}

async function inSlices<T>(rule: ModelRule, counted: (countOf: CountOf) => T): Promise<T> {
  const texts = new Set<string>();
  counted((text) => {
    texts.add(text);
    return NOTHING;
  });
  const counting = counterOf(rule).countInSlices(texts);
  let slice = counting.next();
  for (; slice.done !== true; slice = counting.next()) await nextTurn();
  const counts = slice.value;
  return counted((text) => counts.get(text) ?? NOTHING);
}

const NOTHING: TextCount = { tokens: 0, exact: true };

function textCounted(
  rule: ModelRule,
  text: string | readonly string[],
  countOf: CountOf,
): CountedText {
  const meter = meterFor(rule, countOf);
  const tokens = typeof text === 'string' ? meter.text(text) : meter.texts(text);
  return { encoding: rule.encoding, method: methodOf(meter), tokens };
}

function chatCounted(rule: ModelRule, chat: Chat, countOf: CountOf): CountedChat {
  const meter = meterFor(rule, countOf);
  if (!rule.chat.published) meter.estimated(0);
  const { perMessage, tools, overhead } = countByRule(asChat(chat), rule.chat, meter);
  const input = perMessage.reduce((sum, tokens) => sum + tokens, tools + overhead);
  return { encoding: rule.encoding, method: methodOf(meter), input, perMessage, tools };
}

/** Answers a request with counts of its texts that come from elsewhere. */
export function requestCounted(
  rule: ModelRule,
  body: CalculateRequest,
  countOf: CountOf,
): CalculateResponse {
  const { model, messages, tools } = body;
  if (messages === undefined) {
    const counted = textCounted(rule, body.prompt ?? body.input ?? '', countOf);
    const { encoding, method, tokens } = counted;
    return { model, encoding, method, tokens: { input: tokens } };
  }
  const chat = chatCounted(rule, { messages, tools }, countOf);
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
    case 'template':
      return countTemplateChat(chat, rule.template, meter);
    case 'declared':
      return countDeclaredChat(chat, rule, meter);
  }
}

function countOfEncoding(rule: ModelRule): CountOf {
  const counter = counterOf(rule);
  return (text) => counter.count(text);
}

function meterFor(rule: ModelRule, countOf: CountOf): TokenMeter {
  return new TokenMeter(countOf, rule.factor, rule.method === 'exact');
}

function methodOf(meter: TokenMeter): CountMethod {
  return meter.exact ? 'exact' : 'estimate';
}
