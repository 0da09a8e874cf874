/**
 * What an answer says it used. Absent is not zero: a figure the upstream didn't report is null, and
 * so is one that can't be true (negative, fractional, not a number); the latter also sets `invalid`.
 * In a stream the last valid figure wins, per figure: OpenAI reports once at the end (some servers
 * with each chunk), Anthropic input at the start and cumulative output in each `message_delta`.
 */
import { asList, asRecord, type JsonRecord } from './json-value.js';
import type { WireProtocol } from './surfaces.js';

export interface Usage {
  /** All input, cached tokens included (Anthropic reports them apart; here they are added). */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** Part of the input that was read from the provider's cache. */
  readonly cachedInputTokens: number | null;
  /** Part of the input that was written to the provider's cache. */
  readonly cacheWriteTokens: number | null;
  /** Part of the output that was reasoning. */
  readonly reasoningTokens: number | null;
  readonly audioInputTokens: number | null;
  readonly audioOutputTokens: number | null;
  /** At least one figure was ignored because it can't be true. */
  readonly invalid: boolean;
}

type Figure = Exclude<keyof Usage, 'invalid'> | 'totalTokens' | 'uncachedInputTokens';

/** Where a figure stands in `usage`: a field, or a detail within one. */
type Figures = readonly (readonly [figure: Figure, field: string, detail?: string])[];

const OPENAI_FIGURES: Figures = [
  ['inputTokens', 'prompt_tokens'],
  ['outputTokens', 'completion_tokens'],
  ['totalTokens', 'total_tokens'],
  ['cachedInputTokens', 'prompt_tokens_details', 'cached_tokens'],
  ['audioInputTokens', 'prompt_tokens_details', 'audio_tokens'],
  ['reasoningTokens', 'completion_tokens_details', 'reasoning_tokens'],
  ['audioOutputTokens', 'completion_tokens_details', 'audio_tokens'],
];

/** `message_start` also names an output figure, from before any output: it must not settle a stream. */
const ANTHROPIC_INPUT_FIGURES: Figures = [
  ['uncachedInputTokens', 'input_tokens'],
  ['cachedInputTokens', 'cache_read_input_tokens'],
  ['cacheWriteTokens', 'cache_creation_input_tokens'],
];

const ANTHROPIC_FIGURES: Figures = [...ANTHROPIC_INPUT_FIGURES, ['outputTokens', 'output_tokens']];

/** Collects the usage of one answer, whole or streamed. */
export class UsageReader {
  private readonly figures = new Map<Figure, number>();
  private invalid = false;

  constructor(private readonly protocol: WireProtocol) {}

  /** @param value a whole parsed answer, or the parsed data of one stream event */
  read(value: unknown): void {
    const answer = asRecord(value);
    if (answer === null) return;
    const usage = asRecord(answer.usage);
    if (this.protocol === 'openai') {
      this.readFigures(usage, OPENAI_FIGURES);
      return;
    }
    this.readFigures(usage, ANTHROPIC_FIGURES);
    this.readFigures(asRecord(asRecord(answer.message)?.usage), ANTHROPIC_INPUT_FIGURES);
  }

  /** Null until the upstream has reported an input or output figure; an untrue one only sets `invalid`. */
  get usage(): Usage | null {
    const input = this.inputTokens();
    const output = this.outputTokens(input);
    if (input === null && output === null && !this.invalid) return null;
    return {
      inputTokens: input,
      outputTokens: output,
      cachedInputTokens: this.figure('cachedInputTokens'),
      cacheWriteTokens: this.figure('cacheWriteTokens'),
      reasoningTokens: this.figure('reasoningTokens'),
      audioInputTokens: this.figure('audioInputTokens'),
      audioOutputTokens: this.figure('audioOutputTokens'),
      invalid: this.invalid,
    };
  }

  private readFigures(usage: JsonRecord | null, figures: Figures): void {
    if (usage === null) return;
    for (const [name, field, detail] of figures) {
      const value = usage[field];
      this.readFigure(name, detail === undefined ? value : asRecord(value)?.[detail]);
    }
  }

  private readFigure(name: Figure, value: unknown): void {
    if (value === undefined || value === null) return;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
      this.figures.set(name, value);
    } else {
      this.invalid = true;
    }
  }

  private figure(name: Figure): number | null {
    return this.figures.get(name) ?? null;
  }

  private inputTokens(): number | null {
    if (this.protocol === 'openai') return this.figure('inputTokens');
    const uncached = this.figure('uncachedInputTokens');
    if (uncached === null) return null;
    return (
      uncached + (this.figure('cachedInputTokens') ?? 0) + (this.figure('cacheWriteTokens') ?? 0)
    );
  }

  /** Embeddings report input and total only. */
  private outputTokens(input: number | null): number | null {
    const output = this.figure('outputTokens');
    const total = this.figure('totalTokens');
    if (output !== null || input === null || total === null) return output;
    return total >= input ? total - input : null;
  }
}

/** Usage of a whole answer. */
export function readUsage(protocol: WireProtocol, answer: unknown): Usage | null {
  const reader = new UsageReader(protocol);
  reader.read(answer);
  return reader.usage;
}

const USAGE_KEY = Buffer.from('"usage"');

/**
 * May the data of a stream event carry usage? Saves parsing all others; `"usage": null`, which
 * OpenAI sends with each chunk, is none. A quote within a JSON string is escaped, so text about
 * usage doesn't match.
 */
export function mayCarryUsage(data: Buffer): boolean {
  let at = data.indexOf(USAGE_KEY);
  while (at !== -1) {
    if (opensObject(data, at + USAGE_KEY.length)) return true;
    at = data.indexOf(USAGE_KEY, at + USAGE_KEY.length);
  }
  return false;
}

function opensObject(data: Buffer, from: number): boolean {
  let pos = from;
  while (pos < data.length && (data[pos] === 0x3a || (data[pos] ?? 0) <= 0x20)) pos++;
  return data[pos] === 0x7b;
}

/** OpenAI's last chunk, which exists only to carry usage: no choices. */
export function isUsageChunk(event: unknown): boolean {
  const chunk = asRecord(event);
  return (
    chunk !== null &&
    Array.isArray(chunk.choices) &&
    asList(chunk.choices).length === 0 &&
    asRecord(chunk.usage) !== null
  );
}
