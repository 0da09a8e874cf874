/** Names by which the platform's values are injected. */
export const SETTINGS = Symbol('Settings');
export const REGISTRY = Symbol('Registry');
export const LOGGER = Symbol('Logger');
export const POOL = Symbol('TokenPool');
export const RULES = Symbol('RunningRules');
