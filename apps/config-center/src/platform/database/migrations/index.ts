/** Every migration, oldest first. A migration that was released is never edited. */
import { Initial1763700000000 } from './1763700000000-initial.js';
import { PoliciesAndSettings1763800100000 } from './1763800100000-policies-and-settings.js';

export const MIGRATIONS = [Initial1763700000000, PoliciesAndSettings1763800100000] as const;
