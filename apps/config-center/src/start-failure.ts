/** What went wrong at start, for the operator: settings by name, a taken port with its variable. */
import { AdminError } from '@ai-gateway/nest-runtime';
import { SettingsError } from '@ai-gateway/node-runtime';

export function startFailure(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    return 'The port is taken; choose another with CONFIG_CENTER_PORT.';
  }
  if (error instanceof AdminError && error.code === 'ADDRESS_NOT_ALLOWED') {
    return 'MOCK_LLM_URL is not allowed for upstream targets; list it in UPSTREAM_ALLOW_ADDRESSES.';
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
