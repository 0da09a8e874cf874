/**
 * How many tokens a request can have at most, without reading it.
 *
 * A byte-level BPE never makes more tokens than UTF-8 bytes, and a JSON body is never shorter than
 * the texts in it. What comes on top is what templates and providers add. An image given by its
 * address has more tokens than bytes, so the number of images must be known.
 *
 * Not covered: some dozen characters that Unicode composition takes apart (musical notes, Hebrew
 * presentation forms) grow up to threefold before Qwen's encoding; settlement charges what they
 * cost.
 */
import type { CalculateRequest, CalculateResponse, CountMessage } from '@ai-gateway/contracts';
import type { ModelRule } from './model-rules.js';

/** Control tokens and role of a message, of every family. */
const PER_MESSAGE = 8;
/** Priming and default system prompt. */
const PER_REQUEST = 32;
/** The prompt that describes tools to the model. */
const PER_TOOLS = 640;
/** Templates write declared JSON with blanks after commas and colons: `[1,2]` becomes `[1, 2]`. */
const TOOLS_GROWTH = 1.5;
const PER_IMAGE = 1600;

export interface BoundExtras {
  /** Images, audio and documents in the request; 0 when absent. */
  attachments?: number;
  /** Whether the request declares tools or carries their calls and results. */
  hasTools?: boolean;
}

/**
 * Upper bound in tokens for models whose own encoding is known. Constant time.
 *
 * @param bytes length of the body, or of the texts in it, in UTF-8 bytes
 * @param messageCount messages in the body; 1 for a prompt or input
 */
export function upperBoundTokens(
  bytes: number,
  messageCount: number,
  extras: BoundExtras = {},
): number {
  const { attachments = 0, hasTools = false } = extras;
  const added = PER_REQUEST + messageCount * PER_MESSAGE + attachments * PER_IMAGE;
  return added + (hasTools ? Math.ceil(bytes * TOOLS_GROWTH) + PER_TOOLS : bytes);
}

/**
 * What a request is answered with that could not be counted: its bound in the shape of a count,
 * labelled an estimate. Constant time but for the number of messages.
 *
 * @param units length of all texts in UTF-16 units; a byte-level BPE makes at most three tokens of one
 */
export function upperBoundCount(
  { model, messages, tools }: CalculateRequest,
  { encoding, factor }: Pick<ModelRule, 'encoding' | 'factor'>,
  units: number,
): CalculateResponse {
  const count = messages?.length ?? 1;
  const attachments = (messages ?? []).reduce((sum, { content }) => sum + partsOf(content), 0);
  const bound = upperBoundTokens(units * BYTES_PER_UNIT, count, {
    attachments,
    hasTools: tools !== undefined,
  });
  const tokens = { input: Math.ceil(bound * Math.max(1, factor)) };
  return { model, encoding, method: 'estimate', tokens };
}

const BYTES_PER_UNIT = 3;

const partsOf = (content: CountMessage['content']): number =>
  Array.isArray(content) ? content.length : 0;
