import { effectiveRulesSchema, type EffectiveRules } from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Database } from '../../platform/database/database.js';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { effectiveRules } from './effective-rules.read-model.js';

@ApiTags('namespaces')
@Controller('api/v1/namespaces/:namespace_id/effective-rules')
export class EffectiveRulesController {
  constructor(private readonly database: Database) {}

  /** What the namespace is held to, and what it inherits without being held to it. */
  @Get()
  @RequirePermission('read')
  @Answers(200, effectiveRulesSchema)
  async list(@IdParam('namespace_id') id: number): Promise<EffectiveRules> {
    return { namespace_id: id, items: await effectiveRules(this.database.manager, id) };
  }
}
