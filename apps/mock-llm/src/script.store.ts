/** Scripts set through the control API: one for all models and one per model. */
import type { Script } from './script.schema.js';

const MAX_MODELS = 1000;

export class ScriptStore {
  private everyModel: Script = {};
  private readonly byModel = new Map<string, Script>();

  /** Fields of a later level replace those of an earlier one: all models, the model, the request. */
  for(model: string, request: Script): Script {
    return { ...this.everyModel, ...this.byModel.get(model), ...request };
  }

  /** @returns false when there are too many models */
  set(model: string | undefined, script: Script): boolean {
    if (model === undefined) {
      this.everyModel = script;
      return true;
    }
    if (this.byModel.size >= MAX_MODELS && !this.byModel.has(model)) return false;
    this.byModel.set(model, script);
    return true;
  }

  /** @param model absent: all scripts */
  clear(model: string | undefined): void {
    if (model !== undefined) {
      this.byModel.delete(model);
      return;
    }
    this.everyModel = {};
    this.byModel.clear();
  }

  describe(): { every_model: Script; by_model: Record<string, Script> } {
    return { every_model: this.everyModel, by_model: Object.fromEntries(this.byModel) };
  }
}
