/** Embeddings: unit vectors made from the text alone, as numbers or base64 floats. */
import { randomFrom, seedOf } from './answer-text.js';

const DEFAULT_DIMENSIONS = 1536;
const MAX_DIMENSIONS = 3072;

type Fields = Readonly<Record<string, unknown>>;

export interface EmbeddingsAnswer {
  readonly model: string;
  readonly body: Fields;
  /** Null: reports no usage. */
  readonly inputTokens: number | null;
}

export function embeddingsBody({ model, body, inputTokens }: EmbeddingsAnswer): unknown {
  const dimensions = dimensionsOf(body);
  const asBase64 = body.encoding_format === 'base64';
  const data = inputsOf(body.input).map((text, index) => {
    const vector = unitVector(text, dimensions);
    const embedding = asBase64 ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector);
    return { object: 'embedding', index, embedding };
  });
  const usage =
    inputTokens === null
      ? {}
      : { usage: { prompt_tokens: inputTokens, total_tokens: inputTokens } };
  return { object: 'list', data, model, ...usage };
}

function dimensionsOf({ dimensions }: Fields): number {
  const isValid = Number.isInteger(dimensions) && (dimensions as number) >= 1;
  return isValid ? Math.min(dimensions as number, MAX_DIMENSIONS) : DEFAULT_DIMENSIONS;
}

/** One string, one list of token ids, or a list of either. */
function inputsOf(input: unknown): string[] {
  if (!Array.isArray(input) || typeof input[0] === 'number') return [String(input)];
  return input.map(String);
}

function unitVector(text: string, dimensions: number): Float32Array {
  const random = randomFrom(seedOf(text));
  const vector = Float32Array.from({ length: dimensions }, () => random() * 2 - 1);
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}
