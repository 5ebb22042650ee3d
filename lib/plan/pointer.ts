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
