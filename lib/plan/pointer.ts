/** JSON pointers (RFC 6901), the only way in which this code base names a place in a plan. Pure; any thread. */

/** `["a/b", 0]` → `"/a~1b/0"`. */
export function toPointer(segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${escapeSegment(String(segment))}`).join('');
}

/** One step further down. */
export function under(pointer: string, ...segments: (string | number)[]): string {
  return pointer + toPointer(segments);
}

/** `"/a~1b/0"` → `["a/b", "0"]`. */
export function fromPointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The pointer of the list or map that holds this place; the document holds itself. */
export function parentOf(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')));
}

/** The value at a place, or undefined where the document has none. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const segment of fromPointer(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}

function escapeSegment(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The sections of a plan in the order in which the docs present them; reports follow it. */
const SECTIONS = ['version', 'name', 'target', 'stages', 'boundaries', 'single_ring', 'lane_graph'];
const LIST_INDEX = /^(?:0|[1-9][0-9]*)$/;

function rank(segment: string): number {
  const section = SECTIONS.indexOf(segment);
  return section === -1 ? SECTIONS.length : section;
}

/**
 * The stable order of places: sections as the docs list them, list items by number, fields by name. It depends on the
 * document's content only, never on its key order or format.
 */
export function comparePointers(a: string, b: string): number {
  return compareSegments(fromPointer(a), fromPointer(b));
}

/** The same for pointers that are already split, for sorting many. */
export function compareSegments(left: readonly string[], right: readonly string[]): number {
  for (let depth = 0; depth < Math.min(left.length, right.length); depth++) {
    const one = left[depth] as string;
    const other = right[depth] as string;
    if (one === other) continue;
    if (LIST_INDEX.test(one) && LIST_INDEX.test(other)) return Number(one) - Number(other);
    if (depth === 0 && rank(one) !== rank(other)) return rank(one) - rank(other);
    return one < other ? -1 : 1;
  }
  return left.length - right.length;
}
