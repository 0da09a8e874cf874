/** Which models a rule is about: exact names, and prefixes written with a trailing `*`. */

export type ModelSelector = (model: string) => boolean;

/** Null stays null: every model. An empty list selects none. */
export function compileModelSelector(models: readonly string[] | null): ModelSelector | null {
  if (models === null || models.includes('*')) return null;
  const isPrefix = (model: string): boolean => model.endsWith('*');
  const names = new Set(models.filter((model) => !isPrefix(model)));
  const prefixes = models.filter(isPrefix).map((model) => model.slice(0, -1));
  return (model) => names.has(model) || prefixes.some((prefix) => model.startsWith(prefix));
}
