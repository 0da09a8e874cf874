/** Names by which the platform's values are injected. */
export const SETTINGS = Symbol('Settings');
export const REGISTRY = Symbol('Registry');
