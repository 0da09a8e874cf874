/**
 * Turns a JSON log line into one that reads well: `HH:MM:SS name level message key=value`. Text
 * from the line is inert on a terminal: control characters are shown escaped.
 */
export interface LogLineFormat {
  colour: boolean;
}

const LEVEL_COLOURS: Record<string, number> = { debug: 90, info: 32, warn: 33, error: 31 };
const NAME_WIDTH = 13;
const OWN_FIELDS = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg']);
const BARE_VALUE = /^[\w./:@,+-]+$/;
const CONTROL = /[\p{Cc}\u2028\u2029]/gu;

/** @param line one line of a process's output; null when it is not a log line */
export function formatLogLine(
  process: string,
  line: string,
  { colour }: LogLineFormat,
): string | null {
  const entry = parseEntry(line);
  if (entry === null) return null;
  const level = typeof entry.level === 'string' ? entry.level : 'info';
  const fields = Object.entries(entry)
    .filter(([name, value]) => !OWN_FIELDS.has(name) && value !== null)
    .map(([name, value]) => `${inert(name)}=${formatValue(name, value)}`);
  const head = [
    clockOf(entry.time),
    process.padEnd(NAME_WIDTH),
    paint(inert(level).padEnd(5), colour ? LEVEL_COLOURS[level] : undefined),
  ];
  return [...head, inert(typeof entry.msg === 'string' ? entry.msg : ''), ...fields]
    .join(' ')
    .trimEnd();
}

function parseEntry(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function clockOf(time: unknown): string {
  const date = new Date(typeof time === 'string' || typeof time === 'number' ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? '--:--:--' : date.toTimeString().slice(0, 8);
}

function formatValue(name: string, value: unknown): string {
  const shown = name === 'err' ? errorText(value) : value;
  if (typeof shown === 'string' && BARE_VALUE.test(shown)) return shown;
  return inert(JSON.stringify(shown));
}

/** The stack stays in the JSON; a person gets the chain of messages. */
function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, code, cause } = error as Record<string, unknown>;
  const own = typeof message === 'string' ? message : 'error';
  const text = typeof code === 'string' ? `${own} (${code})` : own;
  return cause === undefined ? text : `${text} < ${errorText(cause)}`;
}

const paint = (text: string, code: number | undefined) =>
  code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;

/** Text that cannot move the cursor, change colours or begin a new line. */
export const inert = (text: string) =>
  text.replaceAll(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
