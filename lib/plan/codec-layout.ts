/**
 * Where each field of a struct codec lies in a record: little-endian, natural alignment, computed once, at lowering.
 * The JS codecs and the C++ core both work from this table, and the layout's hash tells a native op or a second
 * process that it speaks of the same bytes. Pure; any thread.
 *
 * ```
 * { a: u8, b: u32, c: utf8(5), d: u16 }
 * byte  0    1..3   4       8        13   14      16
 *       a    pad    b       c        pad  d       size 16 (a multiple of the largest alignment, 4)
 * ```
 *
 * Padding bytes are zero when written and ignored when read. `bytes(N)` holds exactly N bytes; `utf8(N)` holds up to N
 * bytes of UTF-8, zero-padded, and the zeros at its end are trimmed when it is read.
 */
import type { Codec, ScalarType, StructField } from './document.js';
import { STRUCT_FIELD_BYTES_MAX } from './limits.js';
import { sha256Hex } from './sha256.js';

/** The scalar types with a fixed width, in the order in which the docs and the JSON Schema list them. */
export const FIXED_SCALARS = ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'f32', 'f64', 'bool'] as const;
export type FixedScalar = (typeof FIXED_SCALARS)[number];
/** A scalar type without its length. */
export type ScalarKind = FixedScalar | 'bytes' | 'utf8';

/** Where a field lies in a record of a struct codec. */
export interface FieldLayout {
  /** Name of the field. */
  readonly name: string;
  /** Its type, without the length. */
  readonly kind: ScalarKind;
  /** Bytes from the start of the record. */
  readonly offset: number;
  /** Bytes that the field occupies. */
  readonly size: number;
  /** Bytes; the offset is a multiple of it. */
  readonly align: number;
}

/** How a struct codec lays a record out in memory: made by `layoutOf`. */
export interface StructLayout {
  /** In the order of the codec. */
  readonly fields: readonly FieldLayout[];
  /** Bytes of a whole record, a multiple of `align`. */
  readonly size: number;
  /** Bytes: the largest alignment among the fields. */
  readonly align: number;
  /** 16 lower-case hex digits: the first 8 bytes of the SHA-256 of `canonicalFields`. */
  readonly hash: string;
}

const FIXED_SIZE: Record<FixedScalar, number> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  f32: 4,
  f64: 8,
  bool: 1,
};

const SIZED = /^(bytes|utf8)\(([1-9][0-9]{0,5})\)$/;

/** Reads a type word; undefined if it is not one (unknown word, N of 0 or above the limit, leading zeros). */
export function parseScalar(type: string): { kind: ScalarKind; size: number; align: number } | undefined {
  if (Object.hasOwn(FIXED_SIZE, type)) {
    const kind = type as FixedScalar;
    return { kind, size: FIXED_SIZE[kind], align: FIXED_SIZE[kind] };
  }
  const match = SIZED.exec(type);
  if (match === null) return undefined;
  const size = Number(match[2]);
  if (size > STRUCT_FIELD_BYTES_MAX) return undefined;
  return { kind: match[1] as 'bytes' | 'utf8', size, align: 1 };
}

/** The text that the layout hash is taken over: `name:type@offset` for each field, then `=size`, joined by `;`. */
export function canonicalFields(fields: readonly StructField[], offsets: readonly number[], size: number): string {
  return [...fields.map((field, index) => `${field.name}:${field.type}@${offsets[index]}`), `=${size}`].join(';');
}

/** Computes the layout. Throws a TypeError on a type word that `parseScalar` refuses: only checked plans come here. */
export function layoutStruct(fields: readonly StructField[]): StructLayout {
  const laid: FieldLayout[] = [];
  let end = 0;
  let largest = 1;
  for (const field of fields) {
    const scalar = parseScalar(field.type);
    if (scalar === undefined)
      throw new TypeError(`field "${field.name}" has the unknown type ${field.type satisfies ScalarType}`);
    const offset = Math.ceil(end / scalar.align) * scalar.align;
    laid.push({ name: field.name, offset, ...scalar });
    end = offset + scalar.size;
    largest = Math.max(largest, scalar.align);
  }
  const size = Math.ceil(end / largest) * largest;
  const offsets = laid.map((field) => field.offset);
  const hash = sha256Hex(canonicalFields(fields, offsets, size)).slice(0, 16);
  return { fields: laid, size, align: largest, hash };
}

/** A codec by its kind alone. */
export type CodecKind = 'bytes' | 'utf8' | 'json' | 'struct';

/** What kind of codec it is, however the plan writes it; `bytes` where it says nothing. */
export const codecKind = (codec: Codec | undefined): CodecKind =>
  typeof codec === 'object' ? codec.kind : (codec ?? 'bytes');

/** The layout of a codec, or undefined where records have no fixed layout (`bytes`, `utf8`, `json`). */
export function layoutOf(codec: Codec | undefined): StructLayout | undefined {
  return typeof codec === 'object' && codec.kind === 'struct' ? layoutStruct(codec.fields) : undefined;
}
