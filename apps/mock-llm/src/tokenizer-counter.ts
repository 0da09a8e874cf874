/** Counts with the library that the gateway and the token service count with. */
import type { CountMessage } from '@ai-gateway/contracts';
import { countChat, countText } from '@ai-gateway/tokenizer';
import type { TokenCounter } from './token-counter.js';

type Fields = Readonly<Record<string, unknown>>;

export const tokenizerCounter: TokenCounter = {
  countText: (model, text) => countText(model, text).tokens,
  countInput: (surface, model, body) =>
    surface.kind === 'chat' || surface.kind === 'messages'
      ? countMessages(model, body)
      : countTexts(model, body.prompt ?? body.input),
};

function countMessages(model: string, { messages, tools, system }: Fields): number {
  const given = messages as CountMessage[];
  const all =
    system === undefined ? given : [{ role: 'system', content: system } as CountMessage, ...given];
  const known = Array.isArray(tools) ? { tools: tools as Record<string, unknown>[] } : {};
  return countChat(model, { messages: all, ...known }).input;
}

/** Texts are counted; ids of tokens are tokens already. */
function countTexts(model: string, input: unknown): number {
  if (typeof input === 'string') return countText(model, input).tokens;
  if (typeof input === 'number') return 1;
  if (!Array.isArray(input)) return 0;
  return input.reduce<number>((sum, item) => sum + countTexts(model, item), 0);
}
