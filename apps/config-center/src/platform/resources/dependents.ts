/**
 * Who depends on a resource, so that deleting it can refuse or cascade without one feature knowing
 * the others: each registers what it owns.
 */
import { AdminError } from '@ai-gateway/nest-runtime';
import type { ConfigKind } from '@ai-gateway/contracts';
import type { EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { ConfigTransaction } from '../revisions/config-revisions.js';

export type Owner = 'namespace' | 'policy' | 'upstream';

export interface Dependent {
  /** Plural, for the message of a refusal. */
  readonly name: string;
  count(manager: EntityManager, ownerId: number): Promise<number>;
  /** Deletes all of the owner's, or takes them from it, and records the changes. */
  removeAll(tx: ConfigTransaction, ownerId: number): Promise<void>;
}

export class Dependents {
  private readonly byOwner = new Map<Owner, Dependent[]>();

  register(owner: Owner, dependent: Dependent): void {
    this.byOwner.set(owner, [...(this.byOwner.get(owner) ?? []), dependent]);
  }

  /** Removes what depends on the resource when `cascade`, else refuses with IN_USE if any does. */
  async release(
    tx: ConfigTransaction,
    owner: Owner,
    { id, cascade }: { id: number; cascade: boolean },
  ): Promise<void> {
    const dependents = this.byOwner.get(owner) ?? [];
    if (cascade) {
      for (const dependent of dependents) await dependent.removeAll(tx, id);
      return;
    }
    const details = [];
    for (const dependent of dependents) {
      const count = await dependent.count(tx.manager, id);
      if (count > 0) details.push({ path: dependent.name, message: `${count} in use` });
    }
    if (details.length > 0) throw new AdminError('IN_USE', { details });
  }
}

export interface OwnedRows<Row> {
  kind: ConfigKind;
  idColumn: keyof Row & string;
  ownerColumn: keyof Row & string;
}

/** Rows that belong to their owner by a column. */
export function ownedRows<Row extends ObjectLiteral>(
  name: string,
  entity: EntityTarget<Row>,
  { kind, idColumn, ownerColumn }: OwnedRows<Row>,
): Dependent {
  const whereOwner = (ownerId: number) => ({ [ownerColumn]: ownerId }) as FindOptionsWhere<Row>;
  return {
    name,
    count: (manager, ownerId) => manager.countBy(entity, whereOwner(ownerId)),
    async removeAll(tx, ownerId) {
      const rows = await tx.manager.findBy(entity, whereOwner(ownerId));
      for (const row of rows) tx.changed(kind, row[idColumn], null);
      await tx.manager.remove(rows);
    },
  };
}
