/** Counts the texts of one request and remembers whether all of it was exact. */
import type { TextCount } from './encoding.js';
import type { MessageContent } from './message-content.js';
import { pythonJson } from './python-json.js';

/** Tokens of an image by declared rule; only `low` is ever sent as a fixed size. */
export interface ImageRule {
  low: number;
  other: number;
}

/**
 * Inline audio and documents: a token per this many characters of base64. Speech at the bit rates
 * that are sent (4 kB/s and more) makes about 10 tokens a second; this errs high.
 */
const ATTACHMENT_CHARACTERS_PER_TOKEN = 400;
/** What a referenced attachment costs whose size is not in the request. */
const ATTACHMENT_TOKENS = 1000;

export class TokenMeter {
  constructor(
    private readonly countOf: (text: string) => TextCount,
    private readonly factor: number,
    public exact: boolean,
  ) {}

  text(text: string): number {
    const { tokens, exact } = this.countOf(text);
    if (!exact) this.exact = false;
    return Math.ceil(tokens * this.factor);
  }

  texts(texts: readonly string[]): number {
    return texts.reduce((sum, text) => sum + this.text(text), 0);
  }

  /** For what no provider publishes. */
  estimated(tokens: number): number {
    this.exact = false;
    return tokens;
  }

  json(value: unknown): number {
    return this.estimated(this.text(pythonJson(value)));
  }

  /** All of a message's content but its texts. */
  parts(content: MessageContent, images: ImageRule): number {
    let tokens = 0;
    for (const { lowDetail } of content.images) {
      tokens += this.estimated(lowDetail ? images.low : images.other);
    }
    for (const length of content.attachments) {
      tokens += this.estimated(
        ATTACHMENT_TOKENS + Math.ceil(length / ATTACHMENT_CHARACTERS_PER_TOKEN),
      );
    }
    for (const part of content.structured) tokens += this.json(part);
    return tokens;
  }
}
