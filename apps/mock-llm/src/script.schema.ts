/**
 * How the server answers one request. The same fields come as JSON through the control API or as
 * headers, `x-mock-` and the field's name with dashes; an unknown one is refused, so that a typing
 * mistake in a test doesn't pass for a fault that never happened.
 */
import { z } from 'zod';

const afterChunks = z.int().min(0).max(1_000_000);

const SHAPE = {
  latency_ms: z.int().min(0).max(600_000).describe('before the response head'),
  tokens: z.int().min(0).max(1_000_000).describe('tokens to emit; max_tokens still caps them'),
  body_bytes: z.int().min(1).max(50_000_000).describe('bytes of text to emit, instead of tokens'),
  mode: z.enum(['words', 'echo']).describe('echo: the last message or prompt comes back'),
  chunk_tokens: z.int().min(1).max(100_000).describe('words per delta of a stream'),
  chunk_delay_ms: z.int().min(0).max(600_000).describe('between deltas'),
  finish_reason: z.string().regex(/^[a-z_]{1,50}$/),
  usage: z.enum(['ok', 'absent', 'zero', 'wrong']).describe('what is reported; the ledger is true'),
  status: z.int().min(300).max(599).describe('answer with an error, or a redirect'),
  retry_after: z.int().min(0).max(86_400).describe('seconds, sent with status'),
  reset_after: afterChunks.describe('reset the connection after n deltas'),
  stall_after: afterChunks.describe('send nothing more after n deltas, until the client leaves'),
  end_after: afterChunks.describe('end the response after n deltas as if that were all'),
  error_after: afterChunks.describe('send an error event after n deltas, then end'),
  line_end: z.enum(['lf', 'crlf', 'cr']).describe('line ends of a stream'),
  write_bytes: z.int().min(1).max(65_536).describe('bytes per write, cutting through UTF-8'),
};

const scriptSchema = z.strictObject(SHAPE).partial();
export type Script = z.infer<typeof scriptSchema>;

export const SCRIPT_FIELDS = Object.keys(SHAPE) as readonly (keyof Script)[];

export const controlRequestSchema = z.strictObject({
  model: z.string().min(1).max(200).optional().describe('absent: for every model'),
  script: scriptSchema,
});

const PREFIX = 'x-mock-';

export type ScriptResult =
  { readonly ok: true; readonly script: Script } | { readonly ok: false; readonly problem: string };

/** Reads the `x-mock-*` headers of a request. */
export function scriptFromHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): ScriptResult {
  const fields: Record<string, unknown> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(PREFIX)) continue;
    const isNumber = typeof value === 'string' && /^\d{1,15}$/.test(value);
    fields[header.slice(PREFIX.length).replaceAll('-', '_')] = isNumber ? Number(value) : value;
  }
  const parsed = scriptSchema.safeParse(fields);
  if (parsed.success) return { ok: true, script: parsed.data };
  return { ok: false, problem: describeIssues(parsed.error) };
}

export const describeIssues = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
