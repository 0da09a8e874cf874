import { Module } from '@nestjs/common';
import { MatchersModule } from '../matchers/matchers.module.js';
import { ModelsModule } from '../models/models.module.js';
import { NamespacesModule } from '../namespaces/namespaces.module.js';
import { PoliciesModule } from '../policies/policies.module.js';
import { RulesModule } from '../rules/rules.module.js';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { DemoNamespaceSeeder } from './demo-namespace.seeder.js';
import { DemoSeeder } from './demo.seeder.js';

@Module({
  imports: [
    NamespacesModule,
    MatchersModule,
    RulesModule,
    PoliciesModule,
    UpstreamsModule,
    ModelsModule,
  ],
  providers: [DemoSeeder, DemoNamespaceSeeder],
  exports: [DemoSeeder],
})
export class DemoModule {}
