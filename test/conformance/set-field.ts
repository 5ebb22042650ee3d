/** `set_field` on one record, as plainly as it can be said. Written from docs/ops.md. */
import type { Codec, StageEntry } from '../../lib/plan/document.js';
import { type FieldPlace, structPlaces } from './bytes.js';

type Config = { readonly field: string; readonly value?: unknown; readonly add?: unknown; readonly from?: string };

/** The record with its new value; undefined where the record fails. */
export function withField(stage: StageEntry, record: Uint8Array, codec: Codec | undefined): Buffer | undefined {
  const config = stage.config as Config;
  const { places } = structPlaces(codec as Codec & object);
  const place = (name: string) => places.find(([field]) => field === name) as FieldPlace;
  const [, type, offset, size] = place(config.field);
  const bytes = Buffer.from(record);
  const part = bytes.subarray(offset, offset + size);
  if (config.from !== undefined) {
    const [, , from] = place(config.from);
    part.set(record.subarray(from, from + size));
    return bytes;
  }
  const holds = config.add === undefined ? put(part, type, config.value) : put(part, type, sum(part, type, config.add));
  return holds ? bytes : undefined;
}

/** The bytes of the type that hold the value; false where none do. */
function put(part: Buffer, type: string, value: unknown): boolean {
  if (type === 'bool') part[0] = value === true ? 1 : 0;
  else if (type.startsWith('utf8')) part.fill(0).write(value as string);
  else if (type.startsWith('bytes')) part.set(Buffer.from(value as string, 'hex'));
  else if (type === 'f32') part.writeFloatLE(value as number);
  else if (type === 'f64') part.writeDoubleLE(value as number);
  else return putInteger(part, type.startsWith('i'), BigInt(value as number | string | bigint));
  return type === 'f32' ? Number.isFinite(part.readFloatLE()) : type !== 'f64' || Number.isFinite(part.readDoubleLE());
}

function putInteger(part: Buffer, signed: boolean, whole: bigint): boolean {
  if ((signed ? BigInt.asIntN : BigInt.asUintN)(8 * part.length, whole) !== whole) return false;
  for (let at = 0; at < part.length; at++) part[at] = Number(BigInt.asUintN(8, whole >> BigInt(8 * at)));
  return true;
}

function sum(part: Buffer, type: string, add: unknown): number | bigint {
  // Between two f32s the sum of doubles, rounded once, is the sum of f32s.
  if (type === 'f32') return part.readFloatLE() + Math.fround(add as number);
  if (type === 'f64') return part.readDoubleLE() + (add as number);
  const bits = [...part].reduceRight((all, byte) => all * 256n + BigInt(byte), 0n);
  const value = type.startsWith('i') ? BigInt.asIntN(8 * part.length, bits) : bits;
  return value + BigInt(add as number | string);
}
