/** Log levels, lowest first. ERROR means someone must act now; what heals itself is WARN. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
