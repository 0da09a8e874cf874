/** Settings of gateways, one path per level: the cluster, a group, an instance. */
import type { ServerResponse } from 'node:http';
import {
  CLUSTER_NAME,
  SETTINGS_LEVELS,
  effectiveSettingsSchema,
  gatewayLabelSchema,
  gatewaySettingsUpdateSchema,
  listQueryOf,
  pageOf,
  settingsLevelSchema,
  type EffectiveSettings,
  type GatewaySettingsUpdate,
  type Page,
  type SettingsLevelRow,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  IfMatch,
  OptionalIfMatch,
  type ExpectedVersion,
} from '../../platform/http/if-match.decorator.js';
import { sendWritten } from '../../platform/http/resource-headers.interceptor.js';
import { filters, type ListQuery } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { GatewaySettingsService, type LevelAddress } from './gateway-settings.service.js';

const listSchema = listQueryOf(
  ['settings_id', 'level', 'level_name', 'create_time', 'update_time'],
  { level: z.enum(SETTINGS_LEVELS).optional(), level_name: filters.text },
);

const effectiveQuerySchema = z.strictObject({
  instance: gatewayLabelSchema.optional(),
  groups: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter((group) => group !== ''))
    .pipe(z.array(gatewayLabelSchema).max(20)),
});
type EffectiveQuery = z.output<typeof effectiveQuerySchema>;

const LabelParam = (name: string): ParameterDecorator =>
  Param(name, { schema: gatewayLabelSchema });

const CLUSTER: LevelAddress = { level: 'cluster', level_name: CLUSTER_NAME };
const group = (level_name: string): LevelAddress => ({ level: 'group', level_name });
const instance = (level_name: string): LevelAddress => ({ level: 'instance', level_name });

@ApiTags('settings')
@Controller('api/v1/settings')
export class GatewaySettingsController {
  constructor(private readonly settings: GatewaySettingsService) {}

  @Get()
  @RequirePermission('read')
  @Answers(200, pageOf(settingsLevelSchema))
  list(@Query({ schema: listSchema }) query: ListQuery): Promise<Page<SettingsLevelRow>> {
    return this.settings.list(query);
  }

  /** What an instance of these groups runs, and which level each value comes from. */
  @Get('effective')
  @RequirePermission('read')
  @Answers(200, effectiveSettingsSchema)
  effective(
    @Query({ schema: effectiveQuerySchema }) { instance: id, groups }: EffectiveQuery,
  ): Promise<EffectiveSettings> {
    return this.settings.effective({ instanceId: id ?? null, groups });
  }

  @Get('cluster')
  @RequirePermission('read')
  @Answers(200, settingsLevelSchema)
  cluster(): Promise<SettingsLevelRow> {
    return this.settings.find(CLUSTER);
  }

  @Put('cluster')
  @RequirePermission('write')
  @Answers(201, settingsLevelSchema)
  @Answers(200, settingsLevelSchema)
  async putCluster(
    @Body({ schema: gatewaySettingsUpdateSchema }) body: GatewaySettingsUpdate,
    @OptionalIfMatch() expected: ExpectedVersion | null,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await sendWritten(await this.settings.put(CLUSTER, body, expected), response);
  }

  @Delete('cluster')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  removeCluster(@IfMatch() expected: ExpectedVersion): Promise<Written<void>> {
    return this.settings.remove(CLUSTER, expected);
  }

  @Get('groups/:group')
  @RequirePermission('read')
  @Answers(200, settingsLevelSchema)
  ofGroup(@LabelParam('group') name: string): Promise<SettingsLevelRow> {
    return this.settings.find(group(name));
  }

  @Put('groups/:group')
  @RequirePermission('write')
  @Answers(201, settingsLevelSchema)
  @Answers(200, settingsLevelSchema)
  async putGroup(
    @LabelParam('group') name: string,
    @Body({ schema: gatewaySettingsUpdateSchema }) body: GatewaySettingsUpdate,
    @OptionalIfMatch() expected: ExpectedVersion | null,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await sendWritten(await this.settings.put(group(name), body, expected), response);
  }

  @Delete('groups/:group')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  removeGroup(
    @LabelParam('group') name: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.settings.remove(group(name), expected);
  }

  @Get('instances/:instance_id')
  @RequirePermission('read')
  @Answers(200, settingsLevelSchema)
  ofInstance(@LabelParam('instance_id') id: string): Promise<SettingsLevelRow> {
    return this.settings.find(instance(id));
  }

  @Put('instances/:instance_id')
  @RequirePermission('write')
  @Answers(201, settingsLevelSchema)
  @Answers(200, settingsLevelSchema)
  async putInstance(
    @LabelParam('instance_id') id: string,
    @Body({ schema: gatewaySettingsUpdateSchema }) body: GatewaySettingsUpdate,
    @OptionalIfMatch() expected: ExpectedVersion | null,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await sendWritten(await this.settings.put(instance(id), body, expected), response);
  }

  @Delete('instances/:instance_id')
  @HttpCode(204)
  @RequirePermission('delete')
  @Answers(204)
  removeInstance(
    @LabelParam('instance_id') id: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<void>> {
    return this.settings.remove(instance(id), expected);
  }
}
