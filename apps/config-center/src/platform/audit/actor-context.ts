/**
 * Who acts. It travels beside the calls instead of through them, so that no use case can forget to
 * pass it on and none can make it up. Rejected: an argument of every service method, of which one
 * forgotten default would be an anonymous change.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Actor {
  /** Null: the process itself. */
  readonly userId: number | null;
  readonly username: string;
  readonly address: string | null;
  readonly requestId: string | null;
  /** Why, in the caller's words. */
  readonly comment: string | null;
}

/** Start-up, jobs and commands. */
const SYSTEM: Actor = {
  userId: null,
  username: 'system',
  address: null,
  requestId: null,
  comment: null,
};

const acting = new AsyncLocalStorage<Actor>();

export const currentActor = (): Actor => acting.getStore() ?? SYSTEM;

export const actingAs = <Result>(actor: Actor, work: () => Result): Result =>
  acting.run(actor, work);
