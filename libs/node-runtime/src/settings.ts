/**
 * Settings are the process environment, read once at start through a zod shape. A malformed value,
 * an unknown name under the process's own prefix or a published default secret stops the start.
 * What is reported is the name and the reason, never the value.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isPublishedSecret } from './published-secrets.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsSpec<Shape extends z.core.$ZodShape> {
  /** One zod schema per variable; `.describe()` is what the reference documents. */
  shape: Shape;
  /** Names under this prefix that are not in the shape are refused, for example `GATEWAY_`. */
  ownPrefix: string;
  /** Variables of this prefix that other processes read. */
  foreign?: readonly string[];
  /** Variables that hold secrets: `<NAME>_FILE` may name a file instead, defaults are refused. */
  secrets?: readonly (keyof Shape & string)[];
}

/** Carries one line per variable that is not right. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  constructor(readonly problems: readonly string[]) {
    super(`Settings are not valid:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  }
}

export function loadSettings<Shape extends z.core.$ZodShape>(
  spec: SettingsSpec<Shape>,
  env: Environment,
): z.output<z.ZodObject<Shape>> {
  const values: Record<string, string> = {};
  const problems: string[] = unknownNames(spec, env);
  for (const name of Object.keys(spec.shape)) {
    const value = readVariable(name, spec, env, problems);
    if (value !== undefined && value !== '') values[name] = value;
  }
  const parsed = z.object(spec.shape).safeParse(values);
  if (parsed.success && problems.length === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    problems.push(`${issue.path.join('.')}: ${reasonOf(issue)}`);
  }
  throw new SettingsError(problems);
}

function readVariable<Shape extends z.core.$ZodShape>(
  name: string,
  spec: SettingsSpec<Shape>,
  env: Environment,
  problems: string[],
): string | undefined {
  if (!spec.secrets?.includes(name)) return env[name];
  const value = env[name] ?? readSecretFile(name, env, problems);
  if (value !== undefined && isPublishedSecret(value)) {
    problems.push(`${name}: is a published default; choose a secret of your own`);
  }
  return value;
}

function readSecretFile(name: string, env: Environment, problems: string[]): string | undefined {
  const path = env[`${name}_FILE`];
  if (path === undefined || path === '') return undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    problems.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? ''})`);
    return undefined;
  }
}

function unknownNames<Shape extends z.core.$ZodShape>(
  spec: SettingsSpec<Shape>,
  env: Environment,
): string[] {
  const known = new Set([
    ...Object.keys(spec.shape),
    ...(spec.secrets ?? []).map((name) => `${name}_FILE`),
    ...(spec.foreign ?? []),
  ]);
  return Object.keys(env)
    .filter((name) => name.startsWith(spec.ownPrefix) && !known.has(name))
    .map((name) => `${name}: is not a known setting`);
}

/** zod messages may quote the value for some checks, so only the kind of problem is told. */
function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    return issue.message.endsWith('undefined') ? 'is required' : `must be a ${issue.expected}`;
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'custom') return issue.message;
  if (issue.code === 'invalid_format') return `is not a valid ${issue.format}`;
  return issue.message;
}

const MIN_CREDENTIAL_CHARS = 16;
const isVisibleAscii = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

/** Ready-made schemas for the usual variables. */
export const setting = {
  port: (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback),
  flag: (fallback: boolean) => z.stringbool().default(fallback),
  count: (fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER) =>
    z.coerce.number().int().min(min).max(max).default(fallback),
  text: (fallback: string) => z.string().default(fallback),
  list: () =>
    z
      .string()
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      ),
  /** What processes show each other as `Bearer`, which carries no space. */
  credential: () =>
    z
      .string()
      .min(MIN_CREDENTIAL_CHARS, `must have at least ${MIN_CREDENTIAL_CHARS} characters`)
      .refine(isVisibleAscii, 'must be visible ASCII without spaces'),
  logLevel: () =>
    z
      .string()
      .default('info')
      .transform((text) => text.toLowerCase())
      .pipe(z.enum(['debug', 'info', 'warn', 'error'])),
} as const;
