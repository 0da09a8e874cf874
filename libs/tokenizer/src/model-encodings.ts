/**
 * The models that are known without configuration.
 *
 * Sources: OpenAI: `model_to_encoding.json` of tiktoken and `tiktoken/model.py`. Qwen: the
 * `tokenizer.json` and chat templates of the models on Hugging Face; Qwen 1 to 3 share one
 * vocabulary, Qwen 3.5 has another. Claude: no tokenizer is published; the provider says that Opus
 * 4.7 and later Opus models, Sonnet 5, Fable and Mythos make about 30 % more tokens of a text than
 * the models before (platform.claude.com, "Token counting"), so unknown names get that factor.
 */
import { ModelRules, type ChatRule, type ModelPatterns, type ModelRule } from './model-rules.js';
import { OPEN_MODELS } from './open-models.js';

const openAiChat = (functionTokens: number, published: boolean): ChatRule => ({
  kind: 'openai',
  functionTokens,
  published,
});

const own = (encoding: ModelRule['encoding'], chat: ChatRule): ModelRule => ({
  encoding,
  method: 'exact',
  factor: 1,
  chat,
});

const estimated = (encoding: ModelRule['encoding'], factor: number, chat: ChatRule): ModelRule => ({
  encoding,
  method: 'estimate',
  factor,
  chat,
});

const chatMl = (defaultSystem: string | null, published: boolean, thinks = false): ChatRule => ({
  kind: 'chatml',
  defaultSystem,
  published,
  thinks,
});

const GPT_4 = own('cl100k_base', openAiChat(10, true));
const GPT_4O = own('o200k_base', openAiChat(7, true));
/** The message format of the reasoning models is not published; their encoding is. */
const REASONING = own('o200k_base', openAiChat(7, false));
const P50K = own('p50k_base', openAiChat(10, false));
const R50K = own('r50k_base', openAiChat(10, false));

const QWEN_ASSISTANT = 'You are a helpful assistant.';
const QWEN_2_5_SYSTEM = 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.';
const QWEN_3 = own('qwen2', chatMl(null, true, true));
/** Same vocabulary, another or an unverified template. */
const QWEN_3_VARIANT = own('qwen2', chatMl(null, false, true));
const QWEN_2_5 = own('qwen2', chatMl(QWEN_2_5_SYSTEM, true));
const QWEN_2 = own('qwen2', chatMl(QWEN_ASSISTANT, true));
const QWEN_1 = own('qwen2', chatMl(QWEN_ASSISTANT, false));
const QWEN_OTHER = estimated('qwen2', 1, chatMl(QWEN_2_5_SYSTEM, false, true));

/** cl100k spends more on Chinese than later encodings, as Claude does: it errs high on both. */
const CLAUDE = estimated('cl100k_base', 1.75, { kind: 'anthropic', published: false });
const CLAUDE_BEFORE_4_7 = estimated('cl100k_base', 1.35, { kind: 'anthropic', published: false });

/** A name, its versions (`-…`) and its tags (`:…`). */
const versionsOf = (...names: string[]) =>
  names.flatMap((name) => [name, `${name}-*`, `${name}:*`]);

const TABLE: ModelPatterns = [
  [[...versionsOf('gpt-4', 'ft:gpt-4'), 'gpt-3.5*', 'gpt-35*', 'ft:gpt-3.5*'], GPT_4],
  [['text-embedding-ada-002', 'text-embedding-3-*'], GPT_4],
  [['davinci-002', 'babbage-002', 'ft:davinci-002*', 'ft:babbage-002*'], GPT_4],
  [['gpt-4o*', 'ft:gpt-4o*', 'chatgpt-4o*', 'gpt-4.1*', 'ft:gpt-4.1*', 'gpt-4.5*'], GPT_4O],
  [[...versionsOf('o1', 'o3', 'o4', 'gpt-5', 'gpt-oss'), 'gpt-5.*', 'ft:o4-mini*'], REASONING],
  [['text-davinci-002', 'text-davinci-003', 'text-davinci-edit-001', 'code-davinci-*'], P50K],
  [['code-cushman-*', 'davinci-codex', 'cushman-codex'], P50K],
  [['davinci', 'curie', 'babbage', 'ada', 'gpt2', 'gpt-2', 'text-davinci-001'], R50K],
  [['text-curie-001', 'text-babbage-001', 'text-ada-001'], R50K],
  [versionsOf('qwen3'), QWEN_3],
  [['qwen3-coder*', 'qwen3-vl*', 'qwen3-next*', 'qwen3-omni*', 'qwen3guard*'], QWEN_3_VARIANT],
  [versionsOf('qwen2.5'), QWEN_2_5],
  [versionsOf('qwen2'), QWEN_2],
  [[...versionsOf('qwen1.5', 'qwq', 'qvq'), 'qwen-7b*', 'qwen-14b*', 'qwen-72b*'], QWEN_1],
  [['qwen*', 'qwen3-max*', 'qwen3-embedding*', 'qwen3-reranker*'], QWEN_OTHER],
  [['claude*', 'anthropic.*', 'us.anthropic.*', 'eu.anthropic.*', 'global.anthropic.*'], CLAUDE],
  [['claude-2*', 'claude-3*', 'claude-instant*', 'claude-sonnet-4*'], CLAUDE_BEFORE_4_7],
  [['claude-haiku-4*', 'claude-opus-4', 'claude-opus-4-0*'], CLAUDE_BEFORE_4_7],
  [
    ['claude-opus-4-1*', 'claude-opus-4-2*', 'claude-opus-4-5*', 'claude-opus-4-6*'],
    CLAUDE_BEFORE_4_7,
  ],
];

/** Unknown models are counted as the newest OpenAI ones and say that this is an estimate. */
const UNKNOWN = estimated('o200k_base', 1, openAiChat(7, false));

export const BUILT_IN_MODELS = new ModelRules([...TABLE, ...OPEN_MODELS], UNKNOWN);
