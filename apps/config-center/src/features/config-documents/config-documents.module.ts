import { Module } from '@nestjs/common';
import { BatchModule } from '../batch/batch.module.js';
import { ConfigDocumentsController } from './config-documents.controller.js';
import { ConfigExporter } from './config-exporter.js';
import { ConfigImporter } from './config-importer.js';
import { DocumentCredentials } from './document-credentials.js';

@Module({
  imports: [BatchModule],
  controllers: [ConfigDocumentsController],
  providers: [ConfigExporter, ConfigImporter, DocumentCredentials],
  exports: [ConfigExporter, ConfigImporter],
})
export class ConfigDocumentsModule {}
