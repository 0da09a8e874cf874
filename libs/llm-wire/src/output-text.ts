/**
 * The texts a model has put out, for counting when the upstream reports no usage: content,
 * reasoning, refusals and the names and arguments of tool calls. Audio and images have no text.
 */
import { asList, asRecord, asText, type JsonRecord } from './json-value.js';
import type { WireProtocol } from './surfaces.js';

/** @param answer a whole parsed answer, or the parsed data of one stream event */
export function outputTexts(protocol: WireProtocol, answer: unknown): string[] {
  const fields = asRecord(answer);
  if (fields === null) return [];
  const texts = protocol === 'openai' ? openAiTexts(fields) : anthropicTexts(fields);
  return texts.filter((text) => text !== '');
}

function openAiTexts(answer: JsonRecord): string[] {
  return asList(answer.choices).flatMap((item) => {
    const choice = asRecord(item);
    if (choice === null) return [];
    const message = asRecord(choice.delta) ?? asRecord(choice.message);
    return [...textsOf(choice, 'text'), ...(message === null ? [] : messageTexts(message))];
  });
}

function messageTexts(message: JsonRecord): string[] {
  const calls = [message.function_call, ...asList(message.tool_calls)].flatMap((call) => {
    const named = asRecord(asRecord(call)?.function) ?? asRecord(call);
    return named === null ? [] : textsOf(named, 'name', 'arguments');
  });
  return [...textsOf(message, 'content', 'refusal', 'reasoning_content', 'reasoning'), ...calls];
}

function anthropicTexts(answer: JsonRecord): string[] {
  const blocks = [answer.content_block, answer.delta, ...asList(answer.content)];
  return blocks.flatMap((item) => {
    const block = asRecord(item);
    return block === null ? [] : blockTexts(block);
  });
}

function blockTexts(block: JsonRecord): string[] {
  const input = asRecord(block.input);
  const hasInput = input !== null && Object.keys(input).length > 0;
  return [
    ...textsOf(block, 'text', 'thinking', 'partial_json', 'name'),
    ...(hasInput ? [JSON.stringify(input)] : []),
  ];
}

const textsOf = (fields: JsonRecord, ...names: string[]): string[] =>
  names.flatMap((name) => asText(fields[name]) ?? []);
