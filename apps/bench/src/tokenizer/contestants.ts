/** The tokenizers that are compared, each loaded when it is asked for. */
export type CountTokens = (text: string) => number;

export const OURS = 'ours';

/** Loads a tokenizer with one encoding of OpenAI's. */
export const CONTESTANTS: Readonly<Record<string, (encoding: string) => Promise<CountTokens>>> = {
  [OURS]: async (name) => {
    const { encodingOf } = await import('@ai-gateway/tokenizer');
    const encoding = encodingOf(name);
    if (encoding === null) throw new Error(`no encoding ${name}`);
    return (text) => encoding.count(text).tokens;
  },
  tiktoken: async (name) => {
    const { get_encoding } = await import('tiktoken');
    const encoding = get_encoding(name as 'o200k_base');
    return (text) => encoding.encode_ordinary(text).length;
  },
  'gpt-tokenizer': async (name) => {
    const { countTokens } =
      name === 'o200k_base'
        ? await import('gpt-tokenizer/encoding/o200k_base')
        : await import('gpt-tokenizer/encoding/cl100k_base');
    return (text) => countTokens(text);
  },
  'js-tiktoken': async (name) => {
    const { getEncoding } = await import('js-tiktoken');
    const encoding = getEncoding(name as 'o200k_base');
    return (text) => encoding.encode(text, [], []).length;
  },
};

/** Encodings all of them have. */
export const COMPARED_ENCODINGS = ['o200k_base', 'cl100k_base'] as const;
