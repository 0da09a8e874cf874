/** What can be said about a document without looking at the database. */
import { configDocumentSchema, type ConfigDocument } from '@ai-gateway/contracts';
import { validationError } from '@ai-gateway/nest-runtime';
import type { DocumentProblem, LocatedDocument } from './document-text.js';
import { ROOT_SECTIONS, listOf, type Fields } from './document-sections.js';

export type CheckedDocument =
  { document: ConfigDocument; problems: [] } | { document: null; problems: DocumentProblem[] };

export function checkDocument({ value, problems, lineOf }: LocatedDocument): CheckedDocument {
  if (problems.length > 0) return { document: null, problems: [...problems] };
  const parsed = configDocumentSchema.safeParse(value);
  const found = parsed.success
    ? problemsOfNames(parsed.data)
    : validationError(parsed.error.issues, { input: value }).details;
  if (parsed.success && found.length === 0) return { document: parsed.data, problems: [] };
  const located = found.map(({ path, message }) => ({ line: lineOf(path), path, message }));
  return { document: null, problems: located };
}

interface Problem {
  path: string;
  message: string;
}

function problemsOfNames(document: ConfigDocument): Problem[] {
  return [
    ...ROOT_SECTIONS.flatMap(({ list }) => repeatedIn(document, list)),
    ...secondDefaults(document),
  ];
}

/** Only sections at the root have names that must be unique. */
function repeatedIn(holder: ConfigDocument, list: string): Problem[] {
  const section = ROOT_SECTIONS.find((candidate) => candidate.list === list);
  if (section?.isUnique !== true) return [];
  const seen = new Set<string>();
  return listOf(holder, list).flatMap((item: Fields, index) => {
    const key = section.keyOf(item);
    const problem = { path: `${list}.${index}`, message: `${key} is there twice` };
    if (seen.has(key)) return [problem];
    seen.add(key);
    return [];
  });
}

function secondDefaults({ namespaces }: ConfigDocument): Problem[] {
  const defaults = namespaces.flatMap(({ is_default }, index) => (is_default ? [index] : []));
  return defaults.slice(1).map((index) => ({
    path: `namespaces.${index}.is_default`,
    message: 'only one namespace can be the default',
  }));
}
