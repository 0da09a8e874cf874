/** Writes the live configuration as a document. */
import {
  CONFIG_DOCUMENT_FORMAT,
  configDocumentSchema,
  type ConfigDocument,
  type SealedSecret,
} from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { ChangeLog } from '../../platform/revisions/change-log.js';
import { ConfigState, type LiveResource } from './config-state.js';
import { DocumentCredentials } from './document-credentials.js';
import { ROOT_SECTIONS, sectionsOwnedBy, type Fields, type Section } from './document-sections.js';

export type SecretsInExport = 'exclude' | 'sealed';

export interface Export {
  epoch: string;
  revision: number;
  document: ConfigDocument;
}

@Injectable()
export class ConfigExporter {
  constructor(
    private readonly log: ChangeLog,
    private readonly credentials: DocumentCredentials,
  ) {}

  /** Consistent: all of one revision. */
  async export(secrets: SecretsInExport): Promise<Export> {
    const state = new ConfigState(await this.log.feedSince(null));
    const lists = ROOT_SECTIONS.map((section) => [
      section.list,
      this.items(state, section, { ownerId: null, secrets }),
    ]);
    const document = {
      format: CONFIG_DOCUMENT_FORMAT,
      ...Object.fromEntries(lists),
    } as ConfigDocument;
    const { epoch, revision } = state.feed;
    return { epoch, revision, document: inOrder(document) };
  }

  private items(
    state: ConfigState,
    section: Section,
    { ownerId, secrets }: { ownerId: number | null; secrets: SecretsInExport },
  ): Fields[] {
    return state.listOf(section, ownerId).map((resource) => {
      const owned = sectionsOwnedBy(section.kind).map((inner): [string, Fields[]] => [
        inner.list,
        this.items(state, inner, { ownerId: resource.id, secrets }),
      ]);
      const fields = {
        ...fieldsOf(state, section, resource),
        ...(Object.fromEntries(owned) as Fields),
      };
      return section.kind === 'target'
        ? this.withCredential(state, resource, fields, secrets)
        : fields;
    });
  }

  private withCredential(
    state: ConfigState,
    { id, value }: LiveResource,
    { credential: _stored, ...fields }: Fields,
    secrets: SecretsInExport,
  ): Fields {
    if (secrets === 'exclude') return fields;
    const stored = value['credential'] as SealedSecret | null;
    if (stored === null) return { ...fields, credential: null };
    const upstreamCode = state.keyOf('upstream', Number(value['upstream_id'])) ?? '';
    const address = { upstreamCode, url: String(value['url']) };
    const plain = this.credentials.open(id, stored);
    return { ...fields, credential: { sealed: this.credentials.sealForDocument(address, plain) } };
  }
}

/** Fields in the order of the schema, whatever order the database keeps them in. */
function inOrder(document: ConfigDocument): ConfigDocument {
  const { success, data } = configDocumentSchema.safeParse(document);
  return success ? data : document;
}

/** Without ids; references by name. */
function fieldsOf(
  state: ConfigState,
  { idColumn, owner, references }: Section,
  { value }: LiveResource,
): Fields {
  const left = new Set([idColumn, owner?.column, ...references.map(({ column }) => column)]);
  const own = Object.entries(value).filter(([name]) => !left.has(name));
  const named = references.map(({ field, column, to }) => {
    const ids = value[column] as number | number[];
    const names = [ids].flat().map((id) => state.keyOf(to, id));
    return [field, Array.isArray(ids) ? names : names[0]];
  });
  return Object.fromEntries([...own, ...named]) as Fields;
}
