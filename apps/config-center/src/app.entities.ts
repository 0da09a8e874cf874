/** Every entity of the process; migrations make their tables. */
import { FEATURE_ENTITIES } from './app.features.js';
import type { Entities } from './platform/database/data-source.js';
import { ConfigChangeEntity } from './platform/revisions/config-change.entity.js';
import { ConfigStateEntity } from './platform/revisions/config-state.entity.js';

export const ENTITIES: Entities = [ConfigChangeEntity, ConfigStateEntity, ...FEATURE_ENTITIES];
