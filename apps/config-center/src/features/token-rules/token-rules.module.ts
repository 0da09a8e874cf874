import { Module } from '@nestjs/common';
import { TokenRuleTester } from './token-rule.tester.js';
import { TokenRulesController } from './token-rules.controller.js';
import { TokenRulesService } from './token-rules.service.js';

@Module({
  controllers: [TokenRulesController],
  providers: [TokenRulesService, TokenRuleTester],
})
export class TokenRulesModule {}
