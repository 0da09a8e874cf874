/** Every entity of the process; migrations make their tables. */
import { ApiKeyEntity } from './features/api-keys/api-key.entity.js';
import { LoginAttemptEntity } from './features/auth/login-attempt.entity.js';
import { SessionEntity } from './features/auth/session.entity.js';
import { UserEntity } from './features/users/user.entity.js';
import { NamespaceEntity } from './features/namespaces/namespace.entity.js';
import type { Entities } from './platform/database/data-source.js';
import { ConfigChangeEntity } from './platform/revisions/config-change.entity.js';
import { ConfigStateEntity } from './platform/revisions/config-state.entity.js';

export const ENTITIES: Entities = [
  ApiKeyEntity,
  ConfigChangeEntity,
  ConfigStateEntity,
  LoginAttemptEntity,
  NamespaceEntity,
  SessionEntity,
  UserEntity,
];
