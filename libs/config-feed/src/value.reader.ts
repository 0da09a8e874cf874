/** Judges one received value by itself: known kind, size, schema. */
import {
  CONFIG_VALUE_SCHEMAS,
  MAX_VALUE_BYTES,
  type ConfigKind,
  type HeldValueConfig,
} from '@ai-gateway/contracts';
import { isConfigKind } from './config-resources.js';

export type ReadValue =
  { readonly ok: true; readonly value: object } | { readonly ok: false; readonly reason: string };

/** @param json the value's text, for its size */
export function readValue(kind: string, value: unknown, json: string): ReadValue {
  if (!isConfigKind(kind)) return refused('this version does not know the kind');
  if (isTooLong(json)) return refused(`more than ${MAX_VALUE_BYTES} bytes of JSON`);
  const read = parse(kind, value);
  return kind === 'held_value' && read.ok ? readHeldValue(read.value as HeldValueConfig) : read;
}

/** What is held must be fit to run in the resource's place. */
function readHeldValue(held: HeldValueConfig): ReadValue {
  const { kind, value } = held;
  if (!isConfigKind(kind) || kind === 'held_value') {
    return refused(`kind: a value of kind ${kind} cannot be held`);
  }
  if (value === null) return { ok: true, value: held };
  const read = parse(kind, value);
  if (!read.ok) return refused(`value.${read.reason}`);
  return { ok: true, value: { ...held, value: read.value } };
}

function parse(kind: ConfigKind, value: unknown): ReadValue {
  const parsed = CONFIG_VALUE_SCHEMAS[kind].safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  return refused(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not valid'}`);
}

const refused = (reason: string): ReadValue => ({ ok: false, reason });

/** A UTF-16 unit takes at most three bytes, so most texts are judged without being measured. */
const isTooLong = (json: string): boolean =>
  json.length * 3 > MAX_VALUE_BYTES && Buffer.byteLength(json) > MAX_VALUE_BYTES;
