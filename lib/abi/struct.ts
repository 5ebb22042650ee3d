/**
 * A small language for shared layouts. A struct is written once, here in TypeScript; offsets are computed, and the C++
 * header is generated from the same value (generate.ts), so that the two sides cannot drift apart.
 */

/** Plain fields are written before a pipeline runs; `a…` fields are atomic: shared between threads while it runs. */
export type FieldType =
  | ('u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'f64' | 'a32' | 'a64' | 'af64')
  | (`char[${number}]` | `af64[${number}]`);

/** The type of an element, and how many there are, of a field that is an array. */
export function arrayOf(type: FieldType): { readonly element: string; readonly count: number } | undefined {
  const text = /^(char|af64)\[(\d+)\]$/.exec(type);
  return text === null ? undefined : { element: text[1] as string, count: Number(text[2]) };
}

const SIZES: Readonly<Record<string, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  f64: 8,
  a32: 4,
  a64: 8,
  af64: 8,
  char: 1,
};

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly doc: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface StructLayout<Name extends string = string> {
  readonly name: string;
  readonly doc: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly Field[];
  /** Byte offset of each field from the start of the struct. */
  readonly offset: Readonly<Record<Name, number>>;
}

/** `[name, type, doc]`, or `'line'`: the next field starts a new cache-line block (128 bytes). */
export type FieldSpec<Name extends string> = readonly [Name, FieldType, string] | 'line';

/** Cache-line block in bytes: two 64-byte lines, because Intel and Apple fetch lines in pairs. */
export const CACHE_BLOCK = 128;

function sizeAndAlign(type: FieldType): { bytes: number; align: number } {
  const { element, count } = arrayOf(type) ?? { element: type, count: 1 };
  const align = SIZES[element];
  if (align === undefined) throw new TypeError(`unknown field type ${type}`);
  return { bytes: count * align, align };
}

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Lays a struct out: natural alignment, little-endian, size rounded up to its alignment (128 when it has lines). */
export function struct<const Name extends string>(
  name: string,
  doc: string,
  specs: readonly FieldSpec<Name>[],
): StructLayout<Name> {
  const fields: Field[] = [];
  const offset = {} as Record<Name, number>;
  let at = 0;
  let structAlign = 1;
  for (const spec of specs) {
    if (spec === 'line') {
      at = roundUp(at, CACHE_BLOCK);
      structAlign = CACHE_BLOCK;
      continue;
    }
    const [fieldName, type, fieldDoc] = spec;
    const { bytes, align } = sizeAndAlign(type);
    at = roundUp(at, align);
    structAlign = Math.max(structAlign, align);
    fields.push({ name: fieldName, type, doc: fieldDoc, offset: at, bytes });
    offset[fieldName] = at;
    at += bytes;
  }
  return { name, doc, size: roundUp(at, structAlign), align: structAlign, fields, offset };
}
