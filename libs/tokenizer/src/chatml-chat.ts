/**
 * ChatML as Qwen's chat templates write it: `<|im_start|>role\n…<|im_end|>\n` per message and
 * `<|im_start|>assistant\n` for the answer.
 *
 * Approach: each message is rendered as the template does, into the texts between control tokens
 * and the number of those; texts are then counted as they stand before the model (role, newline and
 * content together, because they may share a token). Control tokens count one each; the same words
 * in a user's text remain text.
 *
 * Source: `chat_template` in `tokenizer_config.json` of Qwen/Qwen3-8B and Qwen/Qwen2.5-7B-Instruct.
 */
import type { CountMessage } from '@ai-gateway/contracts';
import {
  toolCallsOf,
  type ReadChat,
  type ChatTokens,
  type Tool,
  type ToolCall,
} from './chat.types.js';
import { readContent } from './message-content.js';
import type { ChatRule } from './model-rules.js';
import { pythonJson } from './python-json.js';
import type { ImageRule, TokenMeter } from './token-meter.js';

type ChatMlRule = Extract<ChatRule, { kind: 'chatml' }>;

/** Texts between control tokens, and how many of these there are. */
interface Rendered {
  texts: string[];
  controls: number;
}

/** The default upper limit of Qwen-VL's processors: 1280 patches of 28 × 28 pixels. */
const IMAGE: ImageRule = { low: 1280, other: 1280 };

const ROLES = new Set(['system', 'user', 'assistant', 'tool']);

const TOOLS_HEAD =
  '# Tools\n\nYou may call one or more functions to assist with the user query.\n\n' +
  'You are provided with function signatures within <tools></tools> XML tags:\n<tools>';
const TOOLS_TAIL =
  '\n</tools>\n\nFor each function call, return a json object with function name and arguments ' +
  'within ';
const TOOLS_EXAMPLE = '\n{"name": <function-name>, "arguments": <args-json-object>}\n';

export function countChatMl(chat: ReadChat, rule: ChatMlRule, meter: TokenMeter): ChatTokens {
  const { messages, tools } = chat;
  const givesSystem = messages[0]?.role === 'system';
  const system = givesSystem ? textOf(messages[0]) : rule.defaultSystem;
  const systemTokens = system === null ? 0 : measure(block('system', system), meter);
  const lastQuery = lastQueryIndex(messages);
  const perMessage = messages.map((message, index) => {
    const other = meter.parts(readContent(message.content), IMAGE);
    if (index === 0 && givesSystem) return systemTokens + other;
    return other + measure(renderMessage({ messages, index, lastQuery, rule, meter }), meter);
  });
  const withTools = tools.length === 0 ? systemTokens : countToolBlock(system, tools, meter);
  if (tools.length > 0 && !rule.thinks) meter.estimated(0);
  const priming = measure({ texts: ['assistant\n'], controls: 1 }, meter);
  return {
    perMessage,
    tools: withTools - systemTokens,
    overhead: priming + (givesSystem ? 0 : systemTokens),
  };
}

function measure({ texts, controls }: Rendered, meter: TokenMeter): number {
  return meter.texts(texts) + controls;
}

function block(role: string, content: string): Rendered {
  return { texts: [`${role}\n${content}`, '\n'], controls: 2 };
}

/** The template joins a message's text parts by newlines. */
function textOf(message: CountMessage | undefined): string {
  return readContent(message?.content).texts.join('\n');
}

/** The system block with the tools' signatures in it. */
function countToolBlock(system: string | null, tools: readonly Tool[], meter: TokenMeter): number {
  const before = system === null ? '' : `${system}\n\n`;
  const signatures = tools.map((tool) => `\n${pythonJson(tool)}`).join('');
  const texts = [
    `system\n${before}${TOOLS_HEAD}${signatures}${TOOLS_TAIL}`,
    ' XML tags:\n',
    TOOLS_EXAMPLE,
    '\n',
  ];
  return measure({ texts, controls: 6 }, meter);
}

/** Reasoning is kept only in answers after the user's last own message. */
function lastQueryIndex(messages: readonly CountMessage[]): number {
  const index = messages.findLastIndex(
    (message) => message.role === 'user' && !isToolResponse(textOf(message)),
  );
  return index === -1 ? messages.length - 1 : index;
}

function isToolResponse(text: string): boolean {
  return text.startsWith('<tool_response>') && text.endsWith('</tool_response>');
}

interface Place {
  messages: readonly CountMessage[];
  index: number;
  lastQuery: number;
  rule: ChatMlRule;
  meter: TokenMeter;
}

function renderMessage(place: Place): Rendered {
  const message = place.messages[place.index] as CountMessage;
  if (message.role === 'assistant') return renderAnswer(message, place);
  if (message.role === 'tool') return renderToolResult(message, place);
  if (!ROLES.has(message.role)) place.meter.estimated(0);
  return block(message.role, textOf(message));
}

function renderToolResult(
  message: CountMessage,
  { messages, index, rule, meter }: Place,
): Rendered {
  if (!rule.thinks) meter.estimated(0);
  const opens = index === 0 || messages[index - 1]?.role !== 'tool';
  const closes = messages[index + 1]?.role !== 'tool';
  const texts = [opens ? 'user\n' : '\n', `\n${textOf(message)}\n`];
  if (closes) texts.push('\n');
  return { texts, controls: 2 + (opens ? 1 : 0) + (closes ? 1 : 0) };
}

function renderAnswer(message: CountMessage, place: Place): Rendered {
  const calls = toolCallsOf(message);
  const { reasoning, content } = place.rule.thinks
    ? splitReasoning(message)
    : { reasoning: '', content: textOf(message) };
  const isLast = place.index === place.messages.length - 1;
  const keepsReasoning =
    place.rule.thinks && place.index > place.lastQuery && (isLast || reasoning !== '');
  if (calls.length > 0 && !place.rule.thinks) place.meter.estimated(0);
  const open: Rendered = keepsReasoning
    ? {
        texts: ['assistant\n', `\n${trimNewlines(reasoning)}\n`, `\n\n${trimStart(content)}`],
        controls: 3,
      }
    : { texts: [`assistant\n${content}`], controls: 1 };
  return close(appendCalls(open, calls, content !== ''));
}

function appendCalls(open: Rendered, calls: readonly ToolCall[], afterContent: boolean): Rendered {
  const texts = [...open.texts];
  let { controls } = open;
  for (const [index, call] of calls.entries()) {
    const separator = index > 0 || afterContent ? '\n' : '';
    const last = texts.pop() ?? '';
    const values = typeof call.arguments === 'string' ? call.arguments : pythonJson(call.arguments);
    texts.push(`${last}${separator}`, `\n{"name": "${call.name}", "arguments": ${values}}\n`, '');
    controls += 2;
  }
  return { texts, controls };
}

function close({ texts, controls }: Rendered): Rendered {
  return { texts: [...texts, '\n'], controls: controls + 1 };
}

function splitReasoning(message: CountMessage): { reasoning: string; content: string } {
  const given = message['reasoning_content'];
  const text = textOf(message);
  if (typeof given === 'string') return { reasoning: given, content: text };
  const pieces = text.split('</think>');
  if (pieces.length === 1) return { reasoning: '', content: text };
  const thought =
    (pieces[0] ?? '')
      .replace(/(?<!\n)\n+$/, '')
      .split('<think>')
      .at(-1) ?? '';
  return { reasoning: trimStart(thought), content: trimStart(pieces.at(-1) ?? '') };
}

function trimNewlines(text: string): string {
  return trimEnd(trimStart(text));
}

function trimStart(text: string): string {
  let start = 0;
  while (text.charAt(start) === '\n') start++;
  return text.slice(start);
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charAt(end - 1) === '\n') end--;
  return text.slice(0, end);
}
