/**
 * The frames of open models. Control tokens stand between the texts of a frame:
 * `['', '{role}', '\n\n{content}', '']` is `<|start_header_id|>role<|end_header_id|>\n\n…<|eot_id|>`.
 *
 * Source: `chat_template` in `tokenizer_config.json` of the models named with each.
 */
import type { ChatTemplate } from './template-chat.js';

const LLAMA_MESSAGE = ['', '{role}', '\n\n{content}', ''];

/** meta-llama/Meta-Llama-3-8B-Instruct */
export const LLAMA_3: ChatTemplate = {
  start: ['', ''],
  messages: { system: LLAMA_MESSAGE, user: LLAMA_MESSAGE, assistant: LLAMA_MESSAGE },
  end: ['', 'assistant', '\n\n'],
  trims: true,
  defaultSystem: null,
  systemPrefix: '',
};

/** meta-llama/Llama-3.1-8B-Instruct and later: a system message always, which says two dates. */
export const LLAMA_3_1: ChatTemplate = {
  ...LLAMA_3,
  defaultSystem: '',
  systemPrefix: 'Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n',
};

/** deepseek-ai/DeepSeek-V3 */
export const DEEPSEEK_V3: ChatTemplate = {
  start: ['', ''],
  messages: { system: ['{content}'], user: ['', '{content}'], assistant: ['', '{content}', ''] },
  end: ['', ''],
  trims: false,
  defaultSystem: null,
  systemPrefix: '',
};

/** deepseek-ai/DeepSeek-R1: the answer is primed to think. */
export const DEEPSEEK_R1: ChatTemplate = { ...DEEPSEEK_V3, end: ['', '', '\n'] };

/**
 * mistralai/Mistral-Nemo-Instruct-2407. A system message goes into the last user message, whose
 * tokens may run together with it: no frame of its own, so it is an estimate.
 */
export const MISTRAL: ChatTemplate = {
  start: ['', ''],
  messages: { user: ['', '{content}', ''], assistant: ['{content}', ''] },
  end: [''],
  trims: false,
  defaultSystem: null,
  systemPrefix: '',
};

const GLM_MESSAGE = ['', '\n{content}'];

/** THUDM/glm-4-9b-chat: `[gMASK]<sop>`, then a control token for the role. */
export const GLM_4: ChatTemplate = {
  start: ['', '', ''],
  messages: { system: GLM_MESSAGE, user: GLM_MESSAGE, assistant: GLM_MESSAGE },
  end: ['', ''],
  trims: false,
  defaultSystem: null,
  systemPrefix: '',
};

const GEMMA_MESSAGE = ['', '{role}\n{content}', '\n'];

/** google/gemma-2-9b-it */
export const GEMMA: ChatTemplate = {
  start: ['', ''],
  messages: { user: GEMMA_MESSAGE, assistant: GEMMA_MESSAGE, system: GEMMA_MESSAGE },
  end: ['', 'model\n'],
  trims: true,
  defaultSystem: null,
  systemPrefix: '',
};
