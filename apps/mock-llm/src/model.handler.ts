/** Answers requests at the model surfaces. */
import { randomBytes } from 'node:crypto';
import { CLIENT_ERRORS, type ClientErrorReason } from '@ai-gateway/contracts';
import {
  readJsonBody,
  readLlmRequest,
  watchKeys,
  type LlmRequest,
  type Surface,
} from '@ai-gateway/llm-wire';
import { MAX_UNSCRIPTED_TOKENS, answerText, type AnswerText } from './answer-text.js';
import {
  inDeltas,
  reportedUsage,
  type Answer,
  type AnswerChoice,
  type AnswerShape,
} from './answer.js';
import { AnswerWriter } from './answer.writer.js';
import { messagesShape } from './anthropic.shape.js';
import { embeddingsBody } from './embeddings.js';
import type { Exchange } from './exchange.js';
import { chatShape, completionShape } from './openai.shape.js';
import { promptText } from './prompt-text.js';
import { scriptFromHeaders, type Script } from './script.schema.js';
import type { ScriptStore } from './script.store.js';
import { scriptedError } from './scripted-error.js';
import type { TokenCounter } from './token-counter.js';

export interface ModelServices {
  readonly counter: TokenCounter;
  readonly scripts: ScriptStore;
  readonly maxBodyBytes: number;
  readonly now: () => Date;
}

type Fields = Readonly<Record<string, unknown>>;

/** A valid request with the script that applies to it. */
interface ModelCall {
  readonly surface: Surface;
  readonly request: LlmRequest;
  readonly body: Fields;
  readonly script: Script;
}

const KEYS = watchKeys();

/** All answers of one request together. */
const MAX_WORDS = 50_000_000;

function shapeFor({ kind }: Surface): AnswerShape {
  if (kind === 'messages') return messagesShape;
  return kind === 'completion' ? completionShape : chatShape;
}

export async function handleModelRequest(
  exchange: Exchange,
  surface: Surface,
  services: ModelServices,
): Promise<void> {
  const call = await readCall(exchange, surface, services);
  if (call === null) return;
  const { script } = call;
  await exchange.wait(script.latency_ms ?? 0);
  if (script.status !== undefined) {
    answerStatus(exchange, surface, script);
    return;
  }
  if (surface.kind === 'embedding') return answerEmbeddings(exchange, call);
  return answerWithText(exchange, call, services);
}

/** Null: refused already. */
async function readCall(
  exchange: Exchange,
  surface: Surface,
  { counter, scripts, maxBodyBytes }: ModelServices,
): Promise<ModelCall | null> {
  const refuse = (reason: ClientErrorReason, message?: string, param: string | null = null) => {
    exchange.error(surface.protocol, CLIENT_ERRORS[reason], { message, param });
    return null;
  };
  const bytes = await exchange.body(maxBodyBytes);
  if (bytes === null) return refuse('body_too_large');
  const json = readJsonBody(bytes, KEYS);
  if (!json.ok) return refuse(json.reason, undefined, json.param);
  const read = readLlmRequest(surface, json.value);
  if (!read.ok) return refuse('invalid_request', read.refusal.message, read.refusal.param);
  const { request } = read;
  const fromHeaders = scriptFromHeaders(exchange.request.headers);
  if (!fromHeaders.ok) return refuse('invalid_request', `x-mock headers: ${fromHeaders.problem}`);
  const body = json.value as Fields;
  const script = scripts.for(request.model, fromHeaders.script);
  const problem = problemOf(surface, request, script);
  if (problem !== null) return refuse('invalid_request', problem);
  exchange.entry.model = request.model;
  exchange.entry.stream = request.stream;
  exchange.entry.prompt_tokens = counter.countInput(surface, request.model, body);
  return { surface, request, body, script };
}

/** What this server refuses beyond what every model API does. */
function problemOf({ kind }: Surface, { n, maxTokens }: LlmRequest, script: Script): string | null {
  if (kind === 'messages' && maxTokens === null) return 'max_tokens: Field required';
  const perAnswer = script.body_bytes ?? script.tokens ?? MAX_UNSCRIPTED_TOKENS;
  if (kind !== 'embedding' && n * perAnswer > MAX_WORDS) return 'The answers would be too large.';
  return null;
}

function answerStatus(exchange: Exchange, { protocol }: Surface, script: Script): void {
  const status = script.status ?? 500;
  const headers: Record<string, string> = {};
  if (script.retry_after !== undefined) headers['retry-after'] = String(script.retry_after);
  if (status < 400) headers.location = '/v1/models';
  exchange.error(protocol, scriptedError(status), { headers });
}

function answerEmbeddings(exchange: Exchange, { request, body, script }: ModelCall): Promise<void> {
  const figures = { inputTokens: exchange.entry.prompt_tokens, outputTokens: 0 };
  const inputTokens = reportedUsage(script, figures)?.inputTokens ?? null;
  const answer = embeddingsBody({ model: request.model, body, inputTokens });
  return new AnswerWriter(exchange, 'openai', script).whole(answer, () => undefined);
}

async function answerWithText(
  exchange: Exchange,
  call: ModelCall,
  { counter, now }: ModelServices,
): Promise<void> {
  const { surface, request, script } = call;
  const { model, stream } = request;
  const texts = textsOf(call, counter);
  const wholeTexts = texts.map(({ pieces }) => pieces.join(''));
  const outputTokens = countAll(counter, model, wholeTexts);
  const answer: Answer = {
    id: randomBytes(12).toString('hex'),
    model,
    createdSec: Math.floor(now().getTime() / 1000),
    choices: texts.map((text, index) => choiceOf(text, index, script)),
    usage: reportedUsage(script, { inputTokens: exchange.entry.prompt_tokens, outputTokens }),
    includeUsage: request.includeUsage,
  };
  const shape = shapeFor(surface);
  const writer = new AnswerWriter(exchange, surface.protocol, script);
  const emitted: string[] = [];
  exchange.meterWith(() => countAll(counter, model, emitted));
  if (stream) {
    await writer.stream(shape.stream(answer), (part) => {
      emitted[part.choice] = (emitted[part.choice] ?? '') + part.emitted;
    });
  } else {
    await writer.whole(shape.whole(answer), () => emitted.push(...wholeTexts));
  }
}

const countAll = (counter: TokenCounter, model: string, texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + counter.countText(model, text), 0);

function textsOf({ request, body, script }: ModelCall, counter: TokenCounter): AnswerText[] {
  const { model, maxTokens, n } = request;
  const prompt = promptText(body);
  return Array.from({ length: n }, (_, choice) =>
    answerText({ model, prompt, maxTokens, choice, script, counter }),
  );
}

const choiceOf = ({ pieces, isCut }: AnswerText, index: number, script: Script): AnswerChoice => ({
  index,
  deltas: inDeltas(pieces, script.chunk_tokens ?? 1),
  finish: { scripted: script.finish_reason ?? null, isCut },
});
