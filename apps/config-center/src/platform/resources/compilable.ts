/** The data plane must be able to compile what is stored; the engine itself is asked. */
import type { ConfigKind, ConfigValues } from '@ai-gateway/contracts';
import { whyUncompilable } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';

/** The field that can be at fault where the schema was content. */
const FIELD_OF: Readonly<Partial<Record<ConfigKind, string>>> = {
  matcher: 'match_value',
  policy: 'rules',
  rule: 'rule_config.value',
  route: 'target_url',
  target: 'url',
};

/** Rejects with UNSUPPORTED_REGEX or UNPROCESSABLE and the engine's reason. */
export function requireCompilable<Kind extends ConfigKind>(
  kind: Kind,
  config: ConfigValues[Kind],
  path = FIELD_OF[kind] ?? '',
): void {
  const message = whyUncompilable(kind, config);
  if (message === null) return;
  const code = message.startsWith('unsupported regex') ? 'UNSUPPORTED_REGEX' : 'UNPROCESSABLE';
  throw new AdminError(code, { details: [{ path, message }] });
}
