/**
 * The body a target gets: the client's bytes, with a field spliced in only where a target knows
 * the model by another name or a rule caps the output.
 */
import type { CompiledTarget } from '@ai-gateway/gateway-engine';
import { fieldEdit, spliceFields, type FieldEdit } from '@ai-gateway/llm-wire';
import type { RequestContext } from '../pipeline/request-context.js';

const CAPPED_KINDS: ReadonlySet<string> = new Set(['chat', 'completion', 'messages']);

export function bodyForTarget(ctx: RequestContext, target: CompiledTarget): Buffer | null {
  const { bodyBytes, bodyScan, llm } = ctx;
  if (bodyBytes === null || bodyScan === null || llm === null) return bodyBytes;
  const edits: FieldEdit[] = [];
  const model = modelForTarget(ctx, target);
  if (model !== llm.model) edits.push(fieldEdit(bodyScan, 'model', model));
  addOutputCap(edits, ctx);
  return edits.length === 0 ? bodyBytes : spliceFields(bodyBytes, edits);
}

/** The target's own name for the model; an alias resolves to the model's name. */
function modelForTarget(ctx: RequestContext, target: CompiledTarget): string {
  const asked = ctx.llm?.model ?? '';
  const name = ctx.destination?.model?.name ?? asked;
  return target.modelMap.get(asked) ?? target.modelMap.get(name) ?? name;
}

/** Holds `max_tokens`, under whichever name the client used, to the rules' cap. */
function addOutputCap(edits: FieldEdit[], ctx: RequestContext): void {
  const { outputCap, bodyScan, llm, surface } = ctx;
  if (outputCap === null || bodyScan === null || llm === null) return;
  if (!CAPPED_KINDS.has(surface?.kind ?? '')) return;
  if (llm.maxTokens !== null && llm.maxTokens <= outputCap) return;
  const names = ['max_completion_tokens', 'max_tokens'].filter(
    (name) => bodyScan.rangeOf(name) !== null,
  );
  for (const name of names.length === 0 ? ['max_tokens'] : names) {
    edits.push(fieldEdit(bodyScan, name, outputCap));
  }
}
