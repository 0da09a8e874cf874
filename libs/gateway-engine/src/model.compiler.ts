/** Models by every name clients may ask for. */
import type { ModelConfig } from '@ai-gateway/contracts';
import type { CompiledUpstream } from './upstream.compiler.js';

export interface CompiledModel {
  readonly id: number;
  /** The canonical name: what limits, usage and checks go by, whichever alias was asked for. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly upstream: CompiledUpstream;
}

export function compileModel(config: ModelConfig, upstream: CompiledUpstream): CompiledModel {
  return {
    id: config.model_id,
    name: config.model_name,
    aliases: config.aliases,
    upstream,
  };
}
