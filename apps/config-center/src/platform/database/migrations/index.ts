/** Every migration, oldest first. A migration that was released is never edited. */
import { Initial1763700000000 } from './1763700000000-initial.js';

export const MIGRATIONS = [Initial1763700000000] as const;
