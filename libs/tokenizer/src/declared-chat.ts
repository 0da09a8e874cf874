/**
 * A chat counted by numbers that a rule declares: for models whose template nobody has written down
 * here. Texts as they stand, overheads per message, name, tool and request.
 */
import type { CountMessage } from '@ai-gateway/contracts';
import { toolCallsOf, type ChatTokens, type ReadChat } from './chat.types.js';
import { readContent } from './message-content.js';
import type { ChatRule } from './model-rules.js';
import { pythonJson } from './python-json.js';
import type { TokenMeter } from './token-meter.js';

type DeclaredRule = Extract<ChatRule, { kind: 'declared' }>;

export function countDeclaredChat(
  { messages, tools }: ReadChat,
  rule: DeclaredRule,
  meter: TokenMeter,
): ChatTokens {
  const { perTool, perRequest } = rule.overheads;
  return {
    perMessage: messages.map((message) => countMessage(message, rule, meter)),
    tools: tools.reduce((sum, tool) => sum + perTool + meter.text(pythonJson(tool)), 0),
    overhead: perRequest,
  };
}

function countMessage(
  message: CountMessage,
  { overheads, images }: DeclaredRule,
  meter: TokenMeter,
): number {
  const content = readContent(message.content);
  const { name } = message;
  const named = name === undefined ? 0 : overheads.perName + meter.text(name);
  const calls = toolCallsOf(message).reduce((sum, call) => sum + meter.json(call), 0);
  return (
    overheads.perMessage + named + calls + meter.texts(content.texts) + meter.parts(content, images)
  );
}
