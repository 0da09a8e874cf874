/** Answers of chat and text completions as OpenAI writes them. */
import { DONE_EVENT, sseEvent } from '@ai-gateway/llm-wire';
import type { Answer, AnswerChoice, AnswerShape, StreamPart, TokenFigures } from './answer.js';

const FINGERPRINT = 'fp_mock';

const usageBody = ({ inputTokens, outputTokens }: TokenFigures) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
});

const finishReason = ({ finish }: AnswerChoice): string =>
  finish.scripted ?? (finish.isCut ? 'length' : 'stop');

const textOf = (choice: AnswerChoice): string => choice.deltas.join('');

const usageField = ({ usage }: Answer) => (usage === null ? {} : { usage: usageBody(usage) });

interface Dialect {
  readonly idPrefix: string;
  readonly wholeObject: string;
  readonly chunkObject: string;
  whole(choice: AnswerChoice): object;
  /** The chunk that opens a choice; null when there is none. */
  opening(choice: AnswerChoice): object | null;
  delta(choice: AnswerChoice, text: string): object;
  closing(choice: AnswerChoice): object;
}

const chat: Dialect = {
  idPrefix: 'chatcmpl-',
  wholeObject: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  whole: (choice) => ({
    index: choice.index,
    message: { role: 'assistant', content: textOf(choice), refusal: null },
    logprobs: null,
    finish_reason: finishReason(choice),
  }),
  opening: ({ index }) => ({
    index,
    delta: { role: 'assistant', content: '', refusal: null },
    logprobs: null,
    finish_reason: null,
  }),
  delta: ({ index }, text) => ({
    index,
    delta: { content: text },
    logprobs: null,
    finish_reason: null,
  }),
  closing: (choice) => ({
    index: choice.index,
    delta: {},
    logprobs: null,
    finish_reason: finishReason(choice),
  }),
};

const completion: Dialect = {
  idPrefix: 'cmpl-',
  wholeObject: 'text_completion',
  chunkObject: 'text_completion',
  whole: (choice) => ({
    index: choice.index,
    text: textOf(choice),
    logprobs: null,
    finish_reason: finishReason(choice),
  }),
  opening: () => null,
  delta: ({ index }, text) => ({ index, text, logprobs: null, finish_reason: null }),
  closing: (choice) => ({
    index: choice.index,
    text: '',
    logprobs: null,
    finish_reason: finishReason(choice),
  }),
};

const head = (dialect: Dialect, answer: Answer, object: string) => ({
  id: dialect.idPrefix + answer.id,
  object,
  created: answer.createdSec,
  model: answer.model,
  system_fingerprint: FINGERPRINT,
});

function* streamOf(dialect: Dialect, answer: Answer): Generator<StreamPart, void, undefined> {
  const frame = head(dialect, answer, dialect.chunkObject);
  const pendingUsage = answer.includeUsage && answer.usage !== null ? { usage: null } : {};
  const part = (kind: StreamPart['kind'], body: object, choice = 0, emitted = ''): StreamPart => ({
    kind,
    text: sseEvent({ ...frame, choices: [body], ...pendingUsage }).toString(),
    emitted,
    choice,
  });
  for (const choice of answer.choices) {
    const opening = dialect.opening(choice);
    if (opening !== null) yield part('start', opening);
    for (const text of choice.deltas) {
      yield part('delta', dialect.delta(choice, text), choice.index, text);
    }
    yield part('end', dialect.closing(choice));
  }
  if (answer.includeUsage && answer.usage !== null) {
    const last = { ...frame, choices: [], usage: usageBody(answer.usage) };
    yield { kind: 'end', text: sseEvent(last).toString(), emitted: '', choice: 0 };
  }
  yield { kind: 'end', text: DONE_EVENT.toString(), emitted: '', choice: 0 };
}

const shapeOf = (dialect: Dialect): AnswerShape => ({
  whole: (answer) => ({
    ...head(dialect, answer, dialect.wholeObject),
    choices: answer.choices.map((choice) => dialect.whole(choice)),
    ...usageField(answer),
  }),
  stream: (answer) => streamOf(dialect, answer),
});

export const chatShape: AnswerShape = shapeOf(chat);
export const completionShape: AnswerShape = shapeOf(completion);
