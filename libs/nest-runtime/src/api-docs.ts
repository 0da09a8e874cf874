/**
 * Swagger UI at `/docs`, OpenAPI JSON at `/docs-json`, both generated from the zod contracts the
 * routes are validated with.
 */
import type { INestApplication } from '@nestjs/common';
import { ApiResponse, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';

/** Documents the body of a success; errors share one envelope and are documented once. */
export const Answers = (status: number, schema?: z.ZodType): MethodDecorator & ClassDecorator =>
  schema === undefined ? ApiResponse({ status }) : ApiResponse({ status, standardSchema: schema });

export interface ApiDocsOptions {
  title: string;
  version: string;
}

export function serveApiDocs(app: INestApplication, { title, version }: ApiDocsOptions): void {
  const config = new DocumentBuilder()
    .setTitle(title)
    .setVersion(version)
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  SwaggerModule.setup(
    'docs',
    app,
    () => SwaggerModule.createDocument(app, config, { standardSchemaConverter: toOpenApi }),
    { jsonDocumentUrl: 'docs-json', yamlDocumentUrl: 'docs-yaml', customSiteTitle: title },
  );
}

function toOpenApi(schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) {
  const json = z.toJSONSchema(schema as z.ZodType, {
    target: 'openapi-3.0',
    io: schemaType,
    unrepresentable: 'any',
  });
  const { $schema: _dialect, ...rest } = json as Record<string, unknown>;
  return { schema: rest };
}
