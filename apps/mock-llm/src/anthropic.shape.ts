/** Answers of the messages API as Anthropic writes them: one choice, named events. */
import { sseEvent } from '@ai-gateway/llm-wire';
import type { Answer, AnswerChoice, AnswerShape, StreamPart } from './answer.js';

const stopReason = ({ finish }: AnswerChoice): string =>
  finish.scripted ?? (finish.isCut ? 'max_tokens' : 'end_turn');

const NO_CHOICE: AnswerChoice = { index: 0, deltas: [], finish: { scripted: null, isCut: false } };

const choiceOf = ({ choices }: Answer): AnswerChoice => choices[0] ?? NO_CHOICE;

const messageFrame = ({ id, model }: Answer) => ({
  id: `msg_${id}`,
  type: 'message',
  role: 'assistant',
  model,
});

const inputUsage = (inputTokens: number) => ({
  input_tokens: inputTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
});

function whole(answer: Answer): unknown {
  const { usage } = answer;
  const choice = choiceOf(answer);
  const figures = usage && {
    usage: { ...inputUsage(usage.inputTokens), output_tokens: usage.outputTokens },
  };
  return {
    ...messageFrame(answer),
    content: [{ type: 'text', text: choice.deltas.join('') }],
    stop_reason: stopReason(choice),
    stop_sequence: null,
    ...figures,
  };
}

interface NamedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

const part = (kind: StreamPart['kind'], event: NamedEvent, emitted = ''): StreamPart => ({
  kind,
  text: sseEvent(event, event.type).toString(),
  emitted,
  choice: 0,
});

function* stream(answer: Answer): Generator<StreamPart, void, undefined> {
  const { usage } = answer;
  const choice = choiceOf(answer);
  const started = usage && { usage: { ...inputUsage(usage.inputTokens), output_tokens: 1 } };
  const message = { ...messageFrame(answer), content: [], stop_reason: null, stop_sequence: null };
  yield part('start', { type: 'message_start', message: { ...message, ...started } });
  const block = { type: 'text', text: '' };
  yield part('start', { type: 'content_block_start', index: 0, content_block: block });
  yield part('start', { type: 'ping' });
  for (const text of choice.deltas) {
    const delta = { type: 'text_delta', text };
    yield part('delta', { type: 'content_block_delta', index: 0, delta }, text);
  }
  yield part('end', { type: 'content_block_stop', index: 0 });
  const delta = { stop_reason: stopReason(choice), stop_sequence: null };
  const ended = usage && { usage: { output_tokens: usage.outputTokens } };
  yield part('end', { type: 'message_delta', delta, ...ended });
  yield part('end', { type: 'message_stop' });
}

export const messagesShape: AnswerShape = { whole, stream };
