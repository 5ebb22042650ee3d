/**
 * Constants of a struct field's type, as a plan writes them: which values fit, what one is in words, and the bytes that
 * it has in the field. Validation asks the first two, lowering the last. Pure; any thread.
 *
 * Numbers of a plan are doubles, which are exact up to 2^53; a 64-bit field takes decimal text as well. Bytes are
 * hexadecimal text, because neither JSON nor YAML has them.
 */
import type { FieldLayout, ScalarKind } from './codec-layout.js';
import { utf8Length } from './utf8.js';

/** What the core stores: the bits of a number or a bool, the text of `utf8(N)`, the hexadecimal digits of `bytes(N)`. */
export interface ConstantBytes {
  /** Little-endian in the low `size` bytes; 0 where there is a text. */
  readonly bits: bigint;
  readonly text: string;
}

type Field = Pick<FieldLayout, 'kind' | 'size'>;

const INTEGER = /^([ui])(?:8|16|32|64)$/;
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,19})$/;

/** The least and the largest integer of a type; undefined for the types that are no integers. */
function integerRange({ kind, size }: Field): readonly [bigint, bigint] | undefined {
  const sign = INTEGER.exec(kind)?.[1];
  if (sign === undefined) return undefined;
  const bits = BigInt(8 * size);
  return sign === 'u' ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

/** True for the types that have a sum. */
export function isNumeric(kind: ScalarKind): boolean {
  return INTEGER.test(kind) || kind === 'f32' || kind === 'f64';
}

/** What a constant of the type is, as the end of "must be …". */
export function constantWords(field: Field): string {
  const range = integerRange(field);
  if (range !== undefined) {
    const beyond = field.size === 8 ? ' (beyond 2^53 as text, in decimal)' : '';
    return `a whole number from ${range[0]} to ${range[1]}${beyond}`;
  }
  switch (field.kind) {
    case 'bool':
      return 'true or false';
    case 'utf8':
      return `text of at most ${field.size} bytes of UTF-8 that does not end in NUL`;
    case 'bytes':
      return `text of ${2 * field.size} hexadecimal digits, two a byte`;
    case 'f32':
      return 'a number that an f32 holds (less than 2^128 - 2^103)';
    default:
      return 'a number';
  }
}

function integerOf(field: Field, value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && field.size === 8 && DECIMAL.test(value) ? BigInt(value) : undefined;
}

function floatBits(value: unknown, size: number): bigint | undefined {
  if (typeof value !== 'number') return undefined;
  const view = new DataView(new ArrayBuffer(8));
  // A plan's text keeps no sign of a zero, so none reaches the record.
  if (size === 8) view.setFloat64(0, value + 0, true);
  else view.setFloat32(0, value + 0, true);
  return Number.isFinite(size === 8 ? value : Math.fround(value)) ? view.getBigUint64(0, true) : undefined;
}

/** The bytes of a constant; undefined where the value is none of the field's type. */
export function constantBytes(field: Field, value: unknown): ConstantBytes | undefined {
  const bitsOnly = (bits: bigint | undefined) => (bits === undefined ? undefined : { bits, text: '' });
  const range = integerRange(field);
  if (range !== undefined) {
    const whole = integerOf(field, value);
    const fits = whole !== undefined && whole >= range[0] && whole <= range[1];
    return bitsOnly(fits ? BigInt.asUintN(8 * field.size, whole) : undefined);
  }
  if (field.kind === 'f32' || field.kind === 'f64') return bitsOnly(floatBits(value, field.size));
  if (field.kind === 'bool') return bitsOnly(typeof value === 'boolean' ? BigInt(value) : undefined);
  if (typeof value !== 'string') return undefined;
  const fits =
    field.kind === 'bytes'
      ? value.length === 2 * field.size && /^[0-9a-fA-F]+$/.test(value)
      : utf8Length(value) <= field.size && !value.endsWith('\0');
  return fits ? { bits: 0n, text: field.kind === 'bytes' ? value.toLowerCase() : value } : undefined;
}
