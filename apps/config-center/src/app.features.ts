/** Every feature and every entity of the process, in one place. */
import { ApiKeyEntity } from './features/api-keys/api-key.entity.js';
import { ApiKeysModule } from './features/api-keys/api-keys.module.js';
import { AuditModule } from './features/audit/audit.module.js';
import { AuthModule } from './features/auth/auth.module.js';
import { LoginAttemptEntity } from './features/auth/login-attempt.entity.js';
import { SessionEntity } from './features/auth/session.entity.js';
import { BackupsModule } from './features/backups/backups.module.js';
import { BatchModule } from './features/batch/batch.module.js';
import { ConfigDocumentsModule } from './features/config-documents/config-documents.module.js';
import { CountersModule } from './features/counters/counters.module.js';
import { DemoModule } from './features/demo/demo.module.js';
import { FeedModule } from './features/feed/feed.module.js';
import { GatewaySettingsEntity } from './features/gateway-settings/gateway-settings.entity.js';
import { GatewaySettingsModule } from './features/gateway-settings/gateway-settings.module.js';
import { MatcherEntity } from './features/matchers/matcher.entity.js';
import { MatchersModule } from './features/matchers/matchers.module.js';
import { ModelEntity } from './features/models/model.entity.js';
import { ModelsModule } from './features/models/models.module.js';
import { NamespaceEntity } from './features/namespaces/namespace.entity.js';
import { NamespacesModule } from './features/namespaces/namespaces.module.js';
import { PoliciesModule } from './features/policies/policies.module.js';
import { PolicyEntity } from './features/policies/policy.entity.js';
import { RouteEntity } from './features/routes/route.entity.js';
import { RevisionsModule } from './features/revisions/revisions.module.js';
import { RoutesModule } from './features/routes/routes.module.js';
import { RuleEntity } from './features/rules/rule.entity.js';
import { RulesModule } from './features/rules/rules.module.js';
import { DraftsModule } from './features/drafts/drafts.module.js';
import { DraftEntity } from './features/drafts/draft.entity.js';
import { RolloutsModule } from './features/rollouts/rollouts.module.js';
import { RolloutEntity } from './features/rollouts/rollout.entity.js';
import { SystemModule } from './features/system/system.module.js';
import { TargetEntity } from './features/upstreams/target.entity.js';
import { TokenRuleVersionEntity } from './features/token-rules/token-rule-version.entity.js';
import { TokenRuleEntity } from './features/token-rules/token-rule.entity.js';
import { TokenRulesModule } from './features/token-rules/token-rules.module.js';
import { UpstreamEntity } from './features/upstreams/upstream.entity.js';
import { UpstreamsModule } from './features/upstreams/upstreams.module.js';
import { UserEntity } from './features/users/user.entity.js';
import { UsersModule } from './features/users/users.module.js';

export const FEATURES = [
  AuthModule,
  UsersModule,
  ApiKeysModule,
  NamespacesModule,
  MatchersModule,
  RulesModule,
  PoliciesModule,
  UpstreamsModule,
  ModelsModule,
  TokenRulesModule,
  RoutesModule,
  GatewaySettingsModule,
  BatchModule,
  ConfigDocumentsModule,
  BackupsModule,
  CountersModule,
  DemoModule,
  FeedModule,
  SystemModule,
  AuditModule,
  RevisionsModule,
  RolloutsModule,
  DraftsModule,
];

export const FEATURE_ENTITIES = [
  NamespaceEntity,
  MatcherEntity,
  RuleEntity,
  PolicyEntity,
  UpstreamEntity,
  TargetEntity,
  ModelEntity,
  TokenRuleEntity,
  TokenRuleVersionEntity,
  RouteEntity,
  GatewaySettingsEntity,
  UserEntity,
  SessionEntity,
  LoginAttemptEntity,
  ApiKeyEntity,
  RolloutEntity,
  DraftEntity,
];
