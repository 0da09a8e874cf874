export type { Chat, Tool } from './chat.types.js';
export { ConfiguredModels, type ConfiguredModel } from './configured-models.js';
export { type Encoding, type TextCount } from './encoding.js';
export {
  adoptTables,
  ENCODING_NAMES,
  encodeText,
  encodingOf,
  loadEncoding,
  sharedTablesOf,
  type EncodingName,
  type SharedTables,
} from './encoding.registry.js';
export { IncrementalCounter } from './incremental-counter.js';
export { isCountablePart } from './message-content.js';
export { BUILT_IN_MODELS } from './model-encodings.js';
export * from './model-rules.js';
export * from './pool/token-pool.js';
export * from './token-count.js';
export * from './upper-bound.js';
export type { TextCounter } from './text-counter.js';
export {
  brokenVocabularies,
  hasVocabulary,
  useVocabularies,
  vocabularyNames,
} from './vocabulary.catalog.js';
export { runVocabularyCommand } from './vocabulary.command.js';
