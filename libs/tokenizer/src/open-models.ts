/**
 * Open models whose vocabulary is not checked in, and families of which none is published. Where a
 * user has added the vocabulary by the name here it counts, else an estimate that errs high.
 *
 * Where the factors come from: tokens of the model's own vocabulary divided by tokens of cl100k,
 * measured on English prose, code, JSON, Chinese with and without mark-up, Japanese, Korean,
 * Arabic, Hindi, Russian, Thai and interface texts in forty languages. The highest ratio was 1.00
 * for Llama 3, 1.08 for DeepSeek V3, 1.08 for Mistral's Tekken, where digits (2.2, each its own
 * token) and emoji (1.3) stand apart. cl100k is the measure because it spends more on every script
 * but Latin than later vocabularies do; with o200k the same ratios reach 1.9 for Hindi.
 * Not measured: GLM (cl100k with Chinese added), Gemma and Gemini ("100 tokens is equal to about
 * 60-80 English words", ai.google.dev, "Understand and count tokens": at most 1.25 of cl100k), and
 * the 32,000 tokens of Llama 2 and early Mistral, which spell rarer scripts byte by byte.
 */
import {
  DEEPSEEK_R1,
  DEEPSEEK_V3,
  GEMMA,
  GLM_4,
  LLAMA_3,
  LLAMA_3_1,
  MISTRAL,
} from './chat-templates.js';
import type { ModelPatterns, ModelRule } from './model-rules.js';
import type { ChatTemplate } from './template-chat.js';

interface Family {
  template: ChatTemplate;
  /** Of cl100k, where the vocabulary is not at hand. */
  factor: number;
}

const estimated = ({ template, factor }: Family): ModelRule => ({
  encoding: 'cl100k_base',
  method: 'estimate',
  factor,
  chat: { kind: 'template', published: false, template },
});

/** @param published whether the template is the one of these models, beyond doubt */
const added = (encoding: string, family: Family, published: boolean): ModelRule => ({
  encoding,
  method: 'exact',
  factor: 1,
  chat: { kind: 'template', published, template: family.template },
  otherwise: estimated(family),
});

const LLAMA_3_FAMILY = { template: LLAMA_3, factor: 1.05 };
const LLAMA_3_1_FAMILY = { template: LLAMA_3_1, factor: 1.05 };
const DEEPSEEK_FAMILY = { template: DEEPSEEK_V3, factor: 1.1 };
const MISTRAL_FAMILY = { template: MISTRAL, factor: 1.3 };
const GLM_FAMILY = { template: GLM_4, factor: 1.2 };
const GEMMA_FAMILY = { template: GEMMA, factor: 1.3 };
const OLD_VOCABULARY = 1.9;

export const OPEN_MODELS: ModelPatterns = [
  [
    ['llama*', 'meta-llama*', 'meta.llama*', 'us.meta.llama*', 'eu.meta.llama*'],
    estimated({ template: LLAMA_3_1, factor: 1.2 }),
  ],
  [
    ['llama-2*', 'llama2*', 'meta-llama-2*', 'meta.llama2*', 'codellama*', 'vicuna*'],
    estimated({ template: LLAMA_3, factor: OLD_VOCABULARY }),
  ],
  [
    ['llama3', 'llama3:*', 'llama3-*', 'llama-3-*', 'meta-llama-3-*', 'meta.llama3-*'],
    added('llama3', LLAMA_3_FAMILY, true),
  ],
  [
    [
      ...['llama3.*', 'llama-3.*', 'meta-llama-3.*', 'us.meta.llama3-*', 'eu.meta.llama3-*'],
      ...['meta.llama3-1-*', 'meta.llama3-2-*', 'meta.llama3-3-*'],
    ],
    added('llama3', LLAMA_3_1_FAMILY, true),
  ],
  [['deepseek*'], estimated({ template: DEEPSEEK_V3, factor: 1.3 })],
  [['deepseek-v3', 'deepseek-v3-0324'], added('deepseek-v3', DEEPSEEK_FAMILY, true)],
  [['deepseek-v3*', 'deepseek-chat*'], added('deepseek-v3', DEEPSEEK_FAMILY, false)],
  [
    ['deepseek-r1', 'deepseek-r1-0528', 'deepseek-reasoner*', 'deepseek.r1*', 'us.deepseek.r1*'],
    added('deepseek-v3', { ...DEEPSEEK_FAMILY, template: DEEPSEEK_R1 }, false),
  ],
  [
    ['mistral*', 'mixtral*', 'open-mistral*', 'open-mixtral*', 'codestral*'],
    estimated({ template: MISTRAL, factor: OLD_VOCABULARY }),
  ],
  [['mistral-nemo*', 'open-mistral-nemo*'], added('mistral-nemo', MISTRAL_FAMILY, true)],
  [
    ['mistral-small-3*', 'ministral*', 'pixtral*', 'devstral*', 'magistral*'],
    added('mistral-nemo', MISTRAL_FAMILY, false),
  ],
  [['glm*', 'chatglm*', 'codegeex*'], added('glm4', GLM_FAMILY, false)],
  [['gemma*', 'gemini*'], estimated(GEMMA_FAMILY)],
  [
    [
      ...['command*', 'phi*', 'grok*', 'yi-*', 'kimi*', 'moonshot*', 'doubao*', 'ernie*'],
      ...['hunyuan*', 'minimax*', 'baichuan*', 'internlm*', 'amazon.nova*', 'nova-*'],
    ],
    estimated({ template: LLAMA_3_1, factor: 1.4 }),
  ],
];
