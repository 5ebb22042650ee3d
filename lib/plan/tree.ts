/**
 * The tree of a plan text to JSON data: aliases expanded under a bound, duplicate keys and what JSON cannot hold
 * reported, and the offset of every key and value noted by its pointer. The data is deep-frozen. Pure; any thread.
 */
import {
  type Document,
  isAlias,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isExact } from './exact-number.js';
import { BROKEN, type Finding, type Position } from './finding.js';
import { PLAN_DEPTH_MAX, PLAN_VALUES_MAX } from './limits.js';
import { forbiddenKey, isUnicode, tooManyValues } from './plain.js';
import { under } from './pointer.js';
import { quote } from './words.js';

/** Pointer → offsets in the text (UTF-16 code units from its start). */
export type Offsets = Map<string, { readonly key: number; readonly value: number }>;

export interface TreeReading {
  readonly document: unknown;
  readonly findings: readonly Finding[];
  readonly offsets: Offsets;
}

/** Reads a tree without syntax errors. Recursion is bounded: depth was measured before the tree was built, and here. */
export function readTree(tree: Document.Parsed, positionOf: (offset: number) => Position): TreeReading {
  const reader = new TreeReader(positionOf);
  const root: unknown = tree.contents;
  if (root === null || (isScalar(root) && root.value === null && (root.source ?? '') === '')) {
    const at = positionOf(0);
    const finding = { code: 'PLAN_EMPTY', path: '', message: 'The text holds no plan, only blanks or comments.', at };
    return { document: undefined, findings: [finding], offsets: new Map() };
  }
  const document = reader.read(root as Node, '', startOf(root as Node, 0), 0);
  const { findings, offsets } = reader;
  // What lies behind the bound was not read, so nothing can be said about the rest either.
  return reader.tooLarge
    ? { document: undefined, findings: [tooManyValues()], offsets }
    : { document, findings, offsets };
}

class TreeReader {
  readonly findings: Finding[] = [];
  readonly offsets: Offsets = new Map();
  private readonly anchors = new Map<string, Node>();
  private readonly open = new Set<Node>();
  private values = 0;

  get tooLarge(): boolean {
    return this.values > PLAN_VALUES_MAX;
  }

  constructor(private readonly positionOf: (offset: number) => Position) {}

  read(node: Node | null | undefined, path: string, keyAt: number, depth: number): unknown {
    const at = startOf(node, keyAt);
    this.offsets.set(path, { key: keyAt, value: at });
    this.values += 1;
    if (this.tooLarge) return BROKEN;
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.readAlias(node.source, path, keyAt, depth);
    if (node.anchor !== undefined && !this.open.has(node)) this.anchors.set(node.anchor, node);
    if (isScalar(node)) return this.readScalar(node, path);
    if (this.open.has(node)) return this.broken('PLAN_CYCLE', path, 'The alias stands inside the value that it names.');
    if (depth >= PLAN_DEPTH_MAX) {
      return this.broken('PLAN_TOO_DEEP', path, `Lists and maps stand more than ${PLAN_DEPTH_MAX} deep in each other.`);
    }
    this.open.add(node);
    const value = isSeq(node) ? this.readList(node, path, depth) : this.readMap(node as YAMLMap, path, depth);
    this.open.delete(node);
    return Object.freeze(value);
  }

  private readAlias(name: string, path: string, keyAt: number, depth: number): unknown {
    const target = this.anchors.get(name);
    if (target === undefined)
      return this.broken('PLAN_ALIAS', path, `The alias ${quote(name)} names no anchor before it.`, name);
    const alias = this.offsets.get(path);
    const value = this.read(target, path, keyAt, depth);
    // The alias is what the author wrote at this place; the places below it exist only at the anchor.
    if (alias !== undefined) this.offsets.set(path, alias);
    return value;
  }

  private readScalar(node: Scalar, path: string): unknown {
    const { value, source } = node;
    if (typeof value === 'string') {
      return isUnicode(value)
        ? value
        : this.broken(
            'PLAN_UNICODE',
            path,
            'The text holds half of a surrogate pair, which no UTF-8 text can hold.',
            value,
          );
    }
    if (typeof value !== 'number') return value;
    if (!Number.isFinite(value)) {
      return this.broken(
        'PLAN_NUMBER',
        path,
        `${source ?? value} is not a number that JSON can hold.`,
        source ?? value,
      );
    }
    if (source !== undefined && !isExact(source, value)) {
      return this.broken('PLAN_NUMBER', path, `${cut(source)} would be rounded to ${value}.`, source);
    }
    return value;
  }

  private readList(node: YAMLSeq, path: string, depth: number): unknown[] {
    const list: unknown[] = [];
    for (const [index, item] of node.items.entries()) {
      if (this.tooLarge) break;
      const value = isPair(item) ? null : (item as Node);
      list.push(this.read(value, under(path, index), startOf(value, startOf(node, 0)), depth + 1));
    }
    return list;
  }

  private readMap(node: YAMLMap, path: string, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const first = new Map<string, Position>();
    for (const pair of node.items) {
      if (this.tooLarge) break;
      const key = isScalar(pair.key) ? String(pair.key.value ?? pair.key.source ?? '') : String(pair.key);
      const keyAt = startOf(pair.key as Node, startOf(node, 0));
      const place = under(path, key);
      const at = this.positionOf(keyAt);
      const before = first.get(key);
      if (before !== undefined) {
        this.findings.push(duplicateKey(key, place, at, before));
      } else if (key === '__proto__' || !isUnicode(key)) {
        this.findings.push({ ...forbiddenKey(key, place), at });
      } else {
        first.set(key, at);
        map[key] = this.read(pair.value as Node | null, place, keyAt, depth + 1);
      }
    }
    return map;
  }

  private broken(code: string, path: string, message: string, received?: unknown): typeof BROKEN {
    this.findings.push({ code, path, message, received });
    return BROKEN;
  }
}

function duplicateKey(key: string, path: string, at: Position, before: Position): Finding {
  return {
    code: 'PLAN_KEY_DUPLICATE',
    path,
    at,
    message: `The key ${quote(key)} stands twice in one map.`,
    hint: 'Keep one of the two.',
    related: [{ path, message: 'It stands here first.', at: before }],
  };
}

/** A number's text of any length inside a sentence. */
function cut(source: string): string {
  return source.length <= NUMBER_CHARS_SHOWN ? source : `${source.slice(0, NUMBER_CHARS_SHOWN)}…`;
}

const NUMBER_CHARS_SHOWN = 64;

function startOf(node: Node | null | undefined, otherwise: number): number {
  return node?.range?.[0] ?? otherwise;
}
