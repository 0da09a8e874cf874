/** Renders the settings of an app from its zod shape: for the reference and for `.env.example`. */
import { hostname } from 'node:os';
import { markdownTable } from './generated-block.js';
import { ROOT } from './repository.js';

/** What this file reads of a zod 4 schema. */
interface SchemaLike {
  readonly description?: string | undefined;
  readonly def: {
    readonly type: string;
    readonly innerType?: SchemaLike;
    readonly in?: SchemaLike;
    readonly defaultValue?: unknown;
  };
}

export interface SettingsSpecLike {
  readonly shape: Readonly<Record<string, SchemaLike>>;
  readonly ownPrefix: string;
  readonly secrets?: readonly string[];
}

export interface Variable {
  readonly name: string;
  /** Null: there is none. */
  readonly fallback: string | null;
  readonly required: boolean;
  readonly secret: boolean;
  readonly meaning: string;
}

export const variablesOf = (spec: SettingsSpecLike): Variable[] =>
  Object.entries(spec.shape).map(([name, schema]) => {
    const layers = layersOf(schema);
    const withDefault = layers.find((layer) => layer.def.type === 'default');
    return {
      name,
      fallback: withDefault === undefined ? null : textOf(withDefault.def.defaultValue),
      required: !layers.some(({ def }) => def.type === 'default' || def.type === 'optional'),
      secret: spec.secrets?.includes(name) ?? false,
      meaning: layers.find((layer) => layer.description !== undefined)?.description ?? '',
    };
  });

/** A schema and what it wraps, outermost first. */
function layersOf(schema: SchemaLike): SchemaLike[] {
  const inner = schema.def.innerType ?? schema.def.in;
  return inner === undefined ? [schema] : [schema, ...layersOf(inner)];
}

/** Defaults that differ from machine to machine are told in words, else the documents would too. */
function textOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (value === hostname()) return '<host name>';
  return value.startsWith(ROOT) ? `./${value.slice(ROOT.length)}` : value;
}

export function settingsTable(spec: SettingsSpecLike): string {
  const rows = variablesOf(spec).map(({ name, fallback, required, secret, meaning }) => [
    `\`${name}\`${secret ? `, \`${name}_FILE\`` : ''}`,
    required ? 'required' : fallback === null || fallback === '' ? '' : `\`${fallback}\``,
    meaning.replaceAll('<', '&lt;'),
  ]);
  return markdownTable(['variable', 'default', 'meaning'], rows);
}

/** Every line a comment, so that the file works as it is. */
export function envExample(specs: ReadonlyMap<string, SettingsSpecLike>): string {
  const seen = new Set<string>();
  const parts = [...specs].map(([app, spec]) => {
    const fresh = variablesOf(spec).filter(({ name }) => !seen.has(name));
    for (const { name } of fresh) seen.add(name);
    const lines = fresh.flatMap(({ name, fallback, meaning }) => [
      `# ${meaning}`,
      `# ${name}=${fallback ?? ''}`,
    ]);
    return [`# --- ${app}`, ...lines].join('\n');
  });
  return parts.join('\n\n');
}
