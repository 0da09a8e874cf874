import type { IncomingMessage, ServerResponse } from 'node:http';
import { IMPORT_MODES, importReportSchema, type ImportReport } from '@ai-gateway/contracts';
import { AdminError, Answers, RequirePermission, principalOf } from '@ai-gateway/nest-runtime';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Post,
  Query,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AuditTrail } from '../../platform/audit/audit-trail.js';
import {
  DOCUMENT_TYPES,
  JSON_TYPES,
  LargeBodyInterceptor,
} from '../../platform/http/large-body.interceptor.js';
import { Written } from '../../platform/revisions/config-revisions.js';
import { mayAccess } from '../auth/access-matrix.js';
import { ConfigExporter } from './config-exporter.js';
import { ConfigImporter } from './config-importer.js';
import { parseDocumentText, textOf } from './document-text.js';

const exportQuerySchema = z.strictObject({
  format: z.enum(['yaml', 'json']).default('yaml'),
  secrets: z.enum(['exclude', 'sealed']).default('exclude'),
});
type ExportQuery = z.output<typeof exportQuerySchema>;

const importQuerySchema = z.strictObject({
  mode: z.enum(IMPORT_MODES).default('merge'),
  dry_run: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
});
type ImportQuery = z.output<typeof importQuerySchema>;

const CONTENT_TYPES = { yaml: 'application/yaml', json: 'application/json' } as const;
const asText = { types: DOCUMENT_TYPES, parse: (text: string) => text };

@ApiTags('configuration documents')
@Controller('api/v1')
export class ConfigDocumentsController {
  constructor(
    private readonly exporter: ConfigExporter,
    private readonly importer: ConfigImporter,
    private readonly audit: AuditTrail,
  ) {}

  /** The whole configuration by names. Sealed secrets are for who may also import. */
  @Get('export')
  @RequirePermission('read')
  @ApiProduces(...Object.values(CONTENT_TYPES))
  async export(
    @Query({ schema: exportQuerySchema }) { format, secrets }: ExportQuery,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    if (secrets === 'sealed') await this.permitSecrets(request);
    const { revision, document } = await this.exporter.export(secrets);
    response.setHeader('content-type', `${CONTENT_TYPES[format]}; charset=utf-8`);
    response.setHeader('content-disposition', `attachment; filename="configuration.${format}"`);
    response.setHeader('cache-control', 'no-store');
    response.setHeader('X-Config-Revision', String(revision));
    response.end(textOf(document, format));
  }

  /** All or nothing, one revision; a refusal carries the report beside the usual fields. */
  @Post('import')
  @HttpCode(200)
  @RequirePermission('write')
  @UseInterceptors(new LargeBodyInterceptor(asText))
  @ApiConsumes(...Object.values(CONTENT_TYPES))
  @ApiBody({ schema: { type: 'string' } })
  @Answers(200, importReportSchema)
  async import(
    @Query({ schema: importQuerySchema }) { mode, dry_run: dryRun }: ImportQuery,
    @Body() text: string,
    @Req() request: IncomingMessage,
  ): Promise<Written<ImportReport> | ImportReport> {
    const isJson = JSON_TYPES.test(request.headers['content-type'] ?? '');
    const located = await parseDocumentText(text, isJson ? 'json' : 'yaml');
    const options = { mode, dryRun, cause: 'import', principal: principalOf(request) } as const;
    const report = await this.importer.import(located, options);
    return report.revision === null ? report : new Written(report, report.revision);
  }

  private async permitSecrets(request: IncomingMessage): Promise<void> {
    const roles = principalOf(request)?.roles ?? [];
    if (!roles.some((role) => mayAccess(role, 'import', 'write')))
      throw new AdminError('FORBIDDEN');
    await this.audit.record({ action: 'export_secrets', objectType: 'configuration' });
  }
}
