/**
 * The traffic every scenario carries: one chat request of 936 bytes, answered with 615 bytes of JSON
 * that report usage, or with a stream of 22 events. Sizes are fixed so that figures of different
 * days compare.
 */
const REQUEST_BYTES = 936;
const ANSWER_BYTES = 615;
const STREAM_DELTAS = 20;

export const MODEL = 'bench-model';
export const CHAT_PATH = '/v1/chat/completions';
export const TENANT_HEADER = 'x-tenant';

export type AnswerShape = 'json' | 'stream';

export function chatRequest(shape: AnswerShape): string {
  const withPrompt = (prompt: string): string =>
    JSON.stringify({
      model: MODEL,
      messages: [
        { role: 'system', content: 'You are a terse assistant.' },
        { role: 'user', content: prompt },
      ],
      temperature: 0.7,
      max_tokens: 256,
      stream: shape === 'stream',
    });
  return padded(withPrompt, 'Summarise the minutes of this meeting. ', REQUEST_BYTES);
}

export function jsonAnswer(): string {
  const withText = (content: string): string =>
    JSON.stringify({
      id: 'chatcmpl-bench',
      object: 'chat.completion',
      created: 1_763_700_000,
      model: MODEL,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 180, completion_tokens: 60, total_tokens: 240 },
    });
  return padded(withText, 'The team agreed on the plan. ', ANSWER_BYTES);
}

/** The stream's events, each to be written apart as a model would. */
export function streamEvents(): readonly string[] {
  const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', model: MODEL };
  const deltas = Array.from({ length: STREAM_DELTAS }, (_, index) => ({
    ...head,
    choices: [{ index: 0, delta: { content: `word${index} ` }, finish_reason: null }],
  }));
  const usage = { prompt_tokens: 180, completion_tokens: STREAM_DELTAS, total_tokens: 200 };
  const last = { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage };
  const events = [...deltas, last].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  return [...events, 'data: [DONE]\n\n'];
}

export const answerBytes = (shape: AnswerShape): number =>
  Buffer.byteLength(shape === 'json' ? jsonAnswer() : streamEvents().join(''));

function padded(render: (text: string) => string, phrase: string, bytes: number): string {
  const room = bytes - Buffer.byteLength(render(''));
  return render(phrase.repeat(Math.ceil(room / phrase.length)).slice(0, room));
}
