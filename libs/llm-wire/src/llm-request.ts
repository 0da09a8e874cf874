/**
 * Reads from a parsed body what limits, routing and accounting depend on, and refuses bodies where
 * gateway and upstream could understand these fields differently. All other fields are the model
 * API's business and pass unread.
 */
import { asRecord, type JsonRecord } from './json-value.js';
import type { Surface } from './surfaces.js';

export interface LlmRequest {
  readonly model: string;
  readonly stream: boolean;
  /** Output tokens per answer; null when the request leaves it to the model. */
  readonly maxTokens: number | null;
  /** Answers that will be generated and charged: `n` or `best_of`, times the number of prompts. */
  readonly n: number;
  /** Did the client ask for the usage chunk? Always true of protocols that send usage unasked. */
  readonly includeUsage: boolean;
  /** `user` (OpenAI) or `metadata.user_id` (Anthropic), raw client text. */
  readonly user: string | null;
  /** 0 for surfaces without messages. */
  readonly messageCount: number;
}

export interface RequestRefusal {
  readonly reason: 'invalid_request';
  /** Dotted path of the field. */
  readonly param: string | null;
  /** Safe to show: never quotes the body. */
  readonly message: string;
}

export type LlmRequestResult =
  | { readonly ok: true; readonly request: LlmRequest }
  | { readonly ok: false; readonly refusal: RequestRefusal };

export const MAX_MODEL_LENGTH = 200;
export const MAX_MESSAGES = 10_000;
export const MAX_ANSWERS = 128;
const MAX_PROMPTS = 2048;
const MAX_LOGPROBS = 100;

/** A field's value, or why it is refused. */
type Read<Value> = { readonly value: Value } | RequestRefusal;

const refuse = (param: string | null, message: string): RequestRefusal => ({
  reason: 'invalid_request',
  param,
  message,
});

const isRefusal = <Value>(read: Read<Value>): read is RequestRefusal => 'reason' in read;

/** @param body the parsed JSON body of a `POST` to the surface */
export function readLlmRequest(surface: Surface, body: unknown): LlmRequestResult {
  const fields = asRecord(body);
  if (fields === null) return refused(refuse(null, 'The body must be a JSON object.'));
  const model = readModel(fields);
  if (isRefusal(model)) return refused(model);
  const stream = readFlag(fields.stream, 'stream');
  if (isRefusal(stream)) return refused(stream);
  const maxTokens = readMaxTokens(fields);
  if (isRefusal(maxTokens)) return refused(maxTokens);
  const n = readAnswerCount(surface, fields);
  if (isRefusal(n)) return refused(n);
  const includeUsage = readIncludeUsage(surface, fields);
  if (isRefusal(includeUsage)) return refused(includeUsage);
  const user = readUser(surface, fields);
  if (isRefusal(user)) return refused(user);
  const messageCount = readMessageCount(surface, fields);
  if (isRefusal(messageCount)) return refused(messageCount);
  return {
    ok: true,
    request: {
      model: model.value,
      stream: stream.value && surface.kind !== 'embedding',
      maxTokens: maxTokens.value,
      n: n.value,
      includeUsage: includeUsage.value,
      user: user.value,
      messageCount: messageCount.value,
    },
  };
}

const refused = (refusal: RequestRefusal): LlmRequestResult => ({ ok: false, refusal });

function readModel({ model }: JsonRecord): Read<string> {
  if (typeof model !== 'string' || model === '') {
    return refuse('model', 'model must be a non-empty string.');
  }
  if (model.length > MAX_MODEL_LENGTH) {
    return refuse('model', `model must have at most ${MAX_MODEL_LENGTH} characters.`);
  }
  return { value: model };
}

/** Null is refused: an upstream may take it for either. */
function readFlag(value: unknown, param: string): Read<boolean> {
  if (value === undefined) return { value: false };
  if (typeof value !== 'boolean') return refuse(param, `${param} must be true or false.`);
  return { value };
}

/** The larger of the two names OpenAI knows, so that a reservation never falls short. */
function readMaxTokens(fields: JsonRecord): Read<number | null> {
  let largest: number | null = null;
  for (const param of ['max_tokens', 'max_completion_tokens']) {
    const read = readCount(fields[param], param, Number.MAX_SAFE_INTEGER);
    if (isRefusal(read)) return read;
    if (read.value !== null) largest = Math.max(largest ?? 0, read.value);
  }
  return { value: largest };
}

function readCount(value: unknown, param: string, max: number): Read<number | null> {
  if (value === undefined || value === null) return { value: null };
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    return refuse(param, `${param} must be a positive integer.`);
  }
  if (value > max) return refuse(param, `${param} must be at most ${max}.`);
  return { value };
}

function readAnswerCount(surface: Surface, fields: JsonRecord): Read<number> {
  let answers = 1;
  for (const param of ['n', 'best_of']) {
    const read = readCount(fields[param], param, MAX_ANSWERS);
    if (isRefusal(read)) return read;
    answers = Math.max(answers, read.value ?? 1);
  }
  const logprobs = readLogprobs(fields);
  if (isRefusal(logprobs)) return logprobs;
  if (surface.kind === 'embedding') return readInputs(fields, 'input');
  if (surface.kind !== 'completion') return { value: answers };
  const prompts = readInputs(fields, 'prompt');
  return isRefusal(prompts) ? prompts : { value: answers * prompts.value };
}

/** Both name a number of alternatives per output token; `logprobs` is a flag in chat. */
function readLogprobs(fields: JsonRecord): Read<null> {
  for (const param of ['top_logprobs', 'logprobs']) {
    const value = fields[param];
    if (typeof value === 'number' && !(value >= 0 && value <= MAX_LOGPROBS)) {
      return refuse(param, `${param} must be between 0 and ${MAX_LOGPROBS}.`);
    }
  }
  return { value: null };
}

/** The number of texts: one string, one list of token ids, or a list of either. */
function readInputs(fields: JsonRecord, param: string): Read<number> {
  const value = fields[param];
  if (typeof value === 'string') return { value: 1 };
  if (!Array.isArray(value) || value.length === 0) {
    return refuse(param, `${param} must be a string or a non-empty array.`);
  }
  const first: unknown = value[0];
  const [kind, fits] = inputKind(first);
  if (fits === null) return refuse(param, `${param} must hold strings or token ids.`);
  const odd = value.findIndex((item) => !fits(item));
  if (odd !== -1) return refuse(`${param}.${odd}`, `${param} must hold ${kind} only.`);
  if (typeof first === 'number') return { value: 1 };
  if (value.length > MAX_PROMPTS) {
    return refuse(param, `${param} must hold at most ${MAX_PROMPTS} texts.`);
  }
  return { value: value.length };
}

type InputCheck = (item: unknown) => boolean;

const isTokenId: InputCheck = (item) => Number.isSafeInteger(item) && (item as number) >= 0;
const isTokenList: InputCheck = (item) => Array.isArray(item) && item.every(isTokenId);

function inputKind(first: unknown): readonly [string, InputCheck | null] {
  if (typeof first === 'string') return ['strings', (item) => typeof item === 'string'];
  if (typeof first === 'number') return ['token ids', isTokenId];
  return ['lists of token ids', Array.isArray(first) ? isTokenList : null];
}

function readIncludeUsage(surface: Surface, fields: JsonRecord): Read<boolean> {
  if (surface.protocol === 'anthropic') return { value: true };
  const options = fields.stream_options;
  if (options === undefined || options === null) return { value: false };
  const record = asRecord(options);
  if (record === null) return refuse('stream_options', 'stream_options must be an object.');
  return readFlag(record.include_usage ?? undefined, 'stream_options.include_usage');
}

function readUser(surface: Surface, fields: JsonRecord): Read<string | null> {
  const isAnthropic = surface.protocol === 'anthropic';
  const param = isAnthropic ? 'metadata.user_id' : 'user';
  const value = isAnthropic ? asRecord(fields.metadata)?.user_id : fields.user;
  if (value === undefined || value === null) return { value: null };
  if (typeof value !== 'string') return refuse(param, `${param} must be a string.`);
  return { value: value === '' ? null : value };
}

function readMessageCount(surface: Surface, { messages }: JsonRecord): Read<number> {
  if (surface.kind !== 'chat' && surface.kind !== 'messages') return { value: 0 };
  if (!Array.isArray(messages) || messages.length === 0) {
    return refuse('messages', 'messages must be a non-empty array.');
  }
  if (messages.length > MAX_MESSAGES) {
    return refuse('messages', `messages must have at most ${MAX_MESSAGES} entries.`);
  }
  for (const [index, message] of messages.entries()) {
    const problem = messageProblem(message);
    if (problem !== null) return refuse(`messages.${index}`, problem);
  }
  return { value: messages.length };
}

/** Roles are the model API's business: new ones appear there first. */
function messageProblem(message: unknown): string | null {
  const fields = asRecord(message);
  if (fields === null) return 'Each message must be an object.';
  const { role, content } = fields;
  if (typeof role !== 'string' || role === '') return 'Each message needs a role.';
  if (content === undefined || content === null || typeof content === 'string') return null;
  if (!Array.isArray(content) || content.some((part) => asRecord(part) === null)) {
    return 'The content of a message must be a string or an array of objects.';
  }
  return null;
}
