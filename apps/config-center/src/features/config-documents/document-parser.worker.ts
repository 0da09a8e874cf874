/**
 * Parses YAML or JSON in a thread of its own, because a large document keeps a processor busy for
 * seconds. Takes plain data only: no tags of types, bounded aliases, bounded depth, no repeated keys.
 * It imports no file of this project, so that it also runs from its source.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  LineCounter,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  type Node,
  type YAMLMap,
} from 'yaml';

const MAX_ALIASES = 100;
const MAX_DEPTH = 20;
/** Deeper problems are told by the line of the field they stand in. */
const MAX_LOCATED_DEPTH = 5;
const MAX_PROBLEMS = 100;
const PLAIN_TAGS = new Set(
  ['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((tag) => `tag:yaml.org,2002:${tag}`),
);

interface Problem {
  line: number | null;
  path: string;
  message: string;
}

interface Parsed {
  value: unknown;
  /** Line, from 1, by dotted path. */
  lines: Map<string, number>;
  problems: Problem[];
}

class NodeCheck {
  readonly lines = new Map<string, number>();
  readonly problems: Problem[] = [];

  private readonly counter: LineCounter;

  // No parameter property: run from its source, types are only stripped.
  constructor(counter: LineCounter) {
    this.counter = counter;
  }

  lineAt(offset: number | undefined): number | null {
    return offset === undefined ? null : this.counter.linePos(offset).line;
  }

  walk(node: unknown, path: string, depth: number): void {
    if (!isNode(node) || isAlias(node)) return;
    const line = this.lineAt(node.range?.[0]);
    if (line !== null && depth <= MAX_LOCATED_DEPTH && !this.lines.has(path)) {
      this.lines.set(path, line);
    }
    const refuse = (message: string): void => this.refuse({ line, path, message });
    if (depth > MAX_DEPTH) refuse(`is nested deeper than ${MAX_DEPTH}`);
    else if (node.tag !== undefined && !PLAIN_TAGS.has(node.tag)) refuse('must be plain data');
    else if (isMap(node)) this.walkMap(node, path, depth);
    else if (isSeq(node)) {
      node.items.forEach((item, index) => this.walk(item, under(path, index), depth + 1));
    }
  }

  private walkMap(map: YAMLMap, path: string, depth: number): void {
    const keys = new Set<string>();
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const line = this.lineAt((key as Node).range?.[0]);
      const inner = under(path, name);
      if (line !== null && depth < MAX_LOCATED_DEPTH) this.lines.set(inner, line);
      if (keys.has(name)) this.refuse({ line, path: inner, message: 'is there twice' });
      if (name === '__proto__') this.refuse({ line, path: inner, message: 'unknown field' });
      keys.add(name);
      this.walk(value, inner, depth + 1);
    }
  }

  refuse(problem: Problem): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }
}

const under = (path: string, name: string | number): string =>
  path === '' ? String(name) : `${path}.${name}`;

function parse(text: string, format: string): Parsed {
  const counter = new LineCounter();
  const check = new NodeCheck(counter);
  const failed = (message: string): Parsed => {
    check.refuse({ line: null, path: '', message });
    return { value: null, lines: check.lines, problems: check.problems };
  };
  try {
    if (format === 'json') JSON.parse(text);
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      uniqueKeys: false,
      stringKeys: true,
      resolveKnownTags: false,
    });
    for (const { message, pos } of [...document.errors, ...document.warnings]) {
      check.refuse({ line: check.lineAt(pos[0]), path: '', message });
    }
    if (check.problems.length === 0) check.walk(document.contents, '', 0);
    if (check.problems.length > 0) return failedWith(check);
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { value, lines: check.lines, problems: [] };
  } catch (error) {
    if (error instanceof RangeError) return failed('is nested too deeply');
    if (error instanceof ReferenceError) return failed('has too many aliases');
    return failed(error instanceof Error ? error.message : String(error));
  }
}

const failedWith = ({ lines, problems }: NodeCheck): Parsed => ({ value: null, lines, problems });

const { text, format } = workerData as { text: string; format: string };
parentPort?.postMessage(parse(text, format));
