/** What other features may ask about upstreams, within their own transactions. */
import type { EntityManager } from 'typeorm';
import { requireReference } from '../../platform/resources/stored-row.js';
import { UpstreamEntity } from './upstream.entity.js';

/** Rejects with UNPROCESSABLE when a body's `upstream_id` names none. */
export const requireUpstreamReference = (manager: EntityManager, id: number): Promise<void> =>
  requireReference(manager, UpstreamEntity, { where: { upstream_id: id }, path: 'upstream_id' });
