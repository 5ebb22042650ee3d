/**
 * What the interpreter needs of bytes, written from the documents (docs/ops.md) and not from the code that it judges:
 * CRC32C, text with bytes that are no UTF-8, struct records.
 */
import type { Codec, ScalarType } from '../../lib/plan/document.js';

const CRC_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f6_3b78 : value >>> 1;
  return value >>> 0;
});

/** CRC32C (RFC 3720) of all the records as one stream, eight hexadecimal digits. */
export function crc32c(records: readonly Uint8Array[]): string {
  let crc = 0xffff_ffff;
  for (const record of records)
    for (const byte of record) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 255] as number);
  return ((crc ^ 0xffff_ffff) >>> 0).toString(16).padStart(8, '0');
}

/** Text of bytes; what is no UTF-8 becomes U+DCHH for each byte, so that different bytes give different text. */
export function escapedText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) text += String.fromCharCode(0xdc00 + (bytes[at] as number));
    else text += Buffer.from(bytes.subarray(at, at + length)).toString('utf8');
    at += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the valid UTF-8 sequence at `at`, or 0: a strict decoder accepts it. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length));
      if ([...text].length === 1) return length;
    } catch {
      // Too short yet, or not UTF-8 at all.
    }
  }
  return 0;
}

export type StructValue = Readonly<Record<string, unknown>>;
export type FieldPlace = readonly [name: string, type: ScalarType, offset: number, size: number];

const SIZES: Readonly<Record<string, number>> = { u8: 1, i8: 1, bool: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4 };

/** Natural alignment, little-endian: where each field lies, and the size of the whole. */
export function structPlaces(codec: Codec & object): { readonly places: readonly FieldPlace[]; readonly size: number } {
  let end = 0;
  let largest = 1;
  const places = (codec as Extract<Codec, { readonly kind: 'struct' }>).fields.map(({ name, type }): FieldPlace => {
    const text = /\((\d+)\)/.exec(type)?.[1];
    const size = text === undefined ? (SIZES[type] ?? 8) : Number(text);
    const align = text === undefined ? size : 1;
    const offset = end + ((align - (end % align)) % align);
    end = offset + size;
    largest = Math.max(largest, align);
    return [name, type, offset, size];
  });
  return { places, size: end + ((largest - (end % largest)) % largest) };
}

export function encodeStruct(codec: Codec & object, value: StructValue): Uint8Array {
  const { places, size } = structPlaces(codec);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [name, type, offset] of places) putField(bytes, view, type, offset, value[name]);
  return bytes;
}

function putField(bytes: Uint8Array, view: DataView, type: ScalarType, at: number, value: unknown): void {
  if (type.startsWith('bytes')) bytes.set(value as Uint8Array, at);
  else if (type.startsWith('utf8')) bytes.set(new TextEncoder().encode(value as string), at);
  else if (type === 'bool') bytes[at] = value === true ? 1 : 0;
  else if (type === 'f32') view.setFloat32(at, value as number, true);
  else if (type === 'f64') view.setFloat64(at, value as number, true);
  else if (type === 'u64' || type === 'i64') view.setBigUint64(at, BigInt.asUintN(64, value as bigint), true);
  else {
    const size = SIZES[type] as number;
    // Two's complement, the low byte first.
    for (let i = 0; i < size; i++) bytes[at + i] = ((value as number) >> (8 * i)) & 255;
  }
}

/** A value of its own for each field. */
export function decodeStruct(codec: Codec & object, bytes: Uint8Array): Record<string, unknown> {
  const { places } = structPlaces(codec);
  return Object.fromEntries(
    places.map(([name, type, at, size]) => [name, fieldValue(Buffer.from(bytes.subarray(at, at + size)), type)]),
  );
}

function fieldValue(part: Buffer, type: ScalarType): unknown {
  if (type.startsWith('bytes')) return Uint8Array.from(part);
  if (type.startsWith('utf8')) return part.toString().replace(/\0+$/, '');
  if (type === 'bool') return part[0] !== 0;
  if (type === 'f32') return part.readFloatLE();
  if (type === 'f64') return part.readDoubleLE();
  const bits = part.reduceRight((all, byte) => all * 256n + BigInt(byte), 0n);
  const value = type.startsWith('i') ? BigInt.asIntN(8 * part.length, bits) : bits;
  return part.length === 8 ? value : Number(value);
}
