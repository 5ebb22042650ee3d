/**
 * KV lines for a tree of plain data, so that equal trees have equal text and different trees different text.
 *
 *   stages.0.config.contains="ERROR"       path = value, one leaf a line, each line ends in LF
 *
 * Rules (docs/canonical-text.md): object keys ascend by UTF-16 code unit, array elements by index. A key that is not
 * `[A-Za-z_][A-Za-z0-9_-]*` stands as a JSON string in its path, so that a dot, a digit or `=` in it cannot be taken for
 * structure. A leaf is JSON; an empty object or array is the leaf `{}` or `[]`. Pure; any thread.
 */

/** What canonical text can hold. A property whose value is undefined counts as absent. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue | undefined };

export type CanonicalObject = { readonly [key: string]: CanonicalValue | undefined };

/** Text that no tree has. `line` is 1-based. */
export class CanonicalTextError extends Error {
  override readonly name = 'CanonicalTextError';
  readonly line: number;

  constructor(message: string, line: number) {
    super(`line ${line} of the canonical text: ${message}`);
    this.line = line;
  }
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** One path segment at the start of a string: plain key, array index or JSON string. */
const SEGMENT = /^(?:([A-Za-z_][A-Za-z0-9_-]*)|(0|[1-9][0-9]*)|("(?:[^"\\]|\\.)*"))/;

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Keys with a value, in canonical order. */
export function canonicalKeys(object: CanonicalObject): string[] {
  return Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort(byCodeUnit);
}

const isArray = (value: unknown): value is readonly CanonicalValue[] => Array.isArray(value);

/** A leaf as it stands behind `=`. @throws TypeError for what JSON cannot hold (NaN, functions, bigint, …) */
function leafText(value: unknown, path: string): string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which a plan cannot hold`);
    // JSON.stringify forgets the sign of zero, and with it that two configurations differ.
    return Object.is(value, -0) ? '-0' : JSON.stringify(value);
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  throw new TypeError(`${path} is a ${typeof value}, which a plan cannot hold`);
}

function addLines(lines: string[], path: string, value: CanonicalValue): void {
  if (isArray(value)) {
    if (value.length === 0) lines.push(`${path}=[]\n`);
    for (const [index, element] of value.entries()) addLines(lines, `${path}.${index}`, element);
    return;
  }
  if (typeof value !== 'object' || value === null) {
    lines.push(`${path}=${leafText(value, path)}\n`);
    return;
  }
  const keys = canonicalKeys(value);
  if (keys.length === 0) lines.push(`${path}={}\n`);
  for (const key of keys) addLines(lines, joinPath(path, key), value[key] as CanonicalValue);
}

function joinPath(path: string, key: string): string {
  const segment = PLAIN_KEY.test(key) ? key : JSON.stringify(key);
  return path === '' ? segment : `${path}.${segment}`;
}

/** The canonical text of a tree. An empty object has the empty text. */
export function canonicalText(root: CanonicalObject): string {
  const lines: string[] = [];
  for (const key of canonicalKeys(root)) addLines(lines, joinPath('', key), root[key] as CanonicalValue);
  return lines.join('');
}

type Segment = string | number;
/** A tree while it is read: maps keep `__proto__` an ordinary key. */
type Node = Map<Segment, Node> | { readonly leaf: CanonicalValue };

function splitLine(line: string, number: number): { segments: Segment[]; value: string } {
  const segments: Segment[] = [];
  let rest = line;
  for (;;) {
    const match = SEGMENT.exec(rest);
    if (match === null) throw new CanonicalTextError('a key is missing before "="', number);
    const [whole, plain, index, quoted] = match;
    if (quoted !== undefined) segments.push(parseJson(quoted, number) as string);
    else segments.push(plain ?? Number(index));
    rest = rest.slice(whole.length);
    if (rest.startsWith('=')) return { segments, value: rest.slice(1) };
    if (!rest.startsWith('.')) throw new CanonicalTextError('a key is followed by neither "." nor "="', number);
    rest = rest.slice(1);
  }
}

function parseJson(text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CanonicalTextError(`${text} is not JSON`, number);
  }
}

function parseLeaf(text: string, number: number): CanonicalValue {
  const value = parseJson(text, number) as CanonicalValue;
  const isEmpty = text === '{}' || text === '[]';
  if (typeof value === 'object' && value !== null && !isEmpty)
    throw new CanonicalTextError('a value with parts stands on one line', number);
  return value;
}

function insert(root: Map<Segment, Node>, segments: readonly Segment[], leaf: CanonicalValue, number: number): void {
  let node = root;
  for (const segment of segments.slice(0, -1)) {
    const next = node.get(segment) ?? new Map<Segment, Node>();
    if (!(next instanceof Map)) throw new CanonicalTextError('a value is also a parent', number);
    node.set(segment, next);
    node = next;
  }
  const last = segments[segments.length - 1] as Segment;
  if (node.has(last)) throw new CanonicalTextError('a key stands twice', number);
  node.set(last, { leaf });
}

function toValue(node: Node): CanonicalValue {
  if (!(node instanceof Map)) return node.leaf;
  if ([...node.keys()].every((key) => typeof key === 'number')) return [...node.values()].map(toValue);
  return toObject(node);
}

function toObject(node: Map<Segment, Node>): CanonicalObject {
  const object = Object.create(null) as Record<string, CanonicalValue>;
  for (const [key, child] of node) object[key] = toValue(child);
  return object;
}

/**
 * Reads canonical text back. Objects in the result have no prototype. Accepts exactly the texts that `canonicalText`
 * writes: any other (another order, a gap in an array, `1.0` for `1`) is refused.
 * @throws CanonicalTextError
 */
export function parseCanonicalText(text: string): CanonicalObject {
  if (text !== '' && !text.endsWith('\n'))
    throw new CanonicalTextError('the last line has no end', text.split('\n').length);
  const lines = text.split('\n').slice(0, -1);
  const root = new Map<Segment, Node>();
  for (const [index, line] of lines.entries()) {
    const { segments, value } = splitLine(line, index + 1);
    insert(root, segments, parseLeaf(value, index + 1), index + 1);
  }
  const tree = toObject(root);
  const again = canonicalText(tree).split('\n');
  const wrong = text.split('\n').findIndex((line, index) => line !== again[index]);
  if (wrong >= 0) throw new CanonicalTextError(`expected ${again[wrong] || 'nothing more'}`, wrong + 1);
  return tree;
}
