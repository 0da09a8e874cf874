/** An answer before it takes a protocol's shape. */
import type { Script } from './script.schema.js';

export interface TokenFigures {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface AnswerChoice {
  readonly index: number;
  /** Texts of the deltas, in order. */
  readonly deltas: readonly string[];
  /** The script's own reason, else why the text ends. */
  readonly finish: { readonly scripted: string | null; readonly isCut: boolean };
}

export interface Answer {
  /** Without the protocol's prefix. */
  readonly id: string;
  readonly model: string;
  readonly createdSec: number;
  readonly choices: readonly AnswerChoice[];
  /** What the answer claims; null: nothing. */
  readonly usage: TokenFigures | null;
  /** Does a stream report usage? Anthropic's always does. */
  readonly includeUsage: boolean;
}

/** One write of a stream. Faults are counted in deltas. */
export interface StreamPart {
  readonly kind: 'start' | 'delta' | 'end';
  /** Event-stream text with LF line ends. */
  readonly text: string;
  /** The model's text within it, and the choice it belongs to. */
  readonly emitted: string;
  readonly choice: number;
}

/** How a protocol writes an answer. */
export interface AnswerShape {
  whole(answer: Answer): unknown;
  stream(answer: Answer): Generator<StreamPart, void, undefined>;
}

/** Figures far off, to see who believes them. */
const WRONG_FACTOR = 10;

export function reportedUsage(script: Script, figures: TokenFigures): TokenFigures | null {
  const { inputTokens, outputTokens } = figures;
  switch (script.usage ?? 'ok') {
    case 'absent':
      return null;
    case 'zero':
      return { inputTokens: 0, outputTokens: 0 };
    case 'wrong':
      return { inputTokens: inputTokens * WRONG_FACTOR, outputTokens: outputTokens * WRONG_FACTOR };
    case 'ok':
      return figures;
  }
}

/** Pieces in groups of `size`. */
export function inDeltas(pieces: readonly string[], size: number): string[] {
  const deltas: string[] = [];
  for (let from = 0; from < pieces.length; from += size) {
    deltas.push(pieces.slice(from, from + size).join(''));
  }
  return deltas;
}
