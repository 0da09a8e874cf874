import { Module } from '@nestjs/common';
import { ConfigDocumentsModule } from '../config-documents/config-documents.module.js';
import { BackupsService } from './backups.service.js';

@Module({
  imports: [ConfigDocumentsModule],
  providers: [BackupsService],
  exports: [BackupsService],
})
export class BackupsModule {}
