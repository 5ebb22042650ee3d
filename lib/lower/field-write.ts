/** Resolves what a `set_field` stage does into places and bytes, so that no schema is walked per record. Pure; any thread. */
import { type FieldLayout, layoutOf, type ScalarKind } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';
import { constantBytes } from '../plan/field-constant.js';
import type { SetFieldConfig } from '../plan/op-catalog.js';
import type { FieldKindName, FieldWriteSpec } from './spec.js';

/** The spec's word for a type. */
export const FIELD_KINDS: Readonly<Record<ScalarKind, FieldKindName>> = {
  u8: 'U8',
  u16: 'U16',
  u32: 'U32',
  u64: 'U64',
  i8: 'I8',
  i16: 'I16',
  i32: 'I32',
  i64: 'I64',
  f32: 'F32',
  f64: 'F64',
  bool: 'Bool',
  bytes: 'Bytes',
  utf8: 'Utf8',
};

/** @param codec the struct that every ingress upstream declares: validation has seen to that */
export function lowerFieldWrite(config: SetFieldConfig, codec: Codec): FieldWriteSpec {
  const { name, kind, offset, size: length } = fieldNamed(config.field, codec);
  const place = { name, kind: FIELD_KINDS[kind], offset, length };
  if (config.from !== undefined)
    return { write: 'From', ...place, from: fieldNamed(config.from, codec).offset, bits: 0n, text: '' };
  const write = config.add === undefined ? 'Value' : 'Add';
  const constant = constantBytes({ kind, size: length }, config.add ?? config.value);
  if (constant === undefined) throw new TypeError(`the constant for field "${name}" is no ${kind}; validate the plan`);
  return { write, ...place, from: 0, ...constant };
}

function fieldNamed(name: string, codec: Codec): FieldLayout {
  const field = layoutOf(codec)?.fields.find((candidate) => candidate.name === name);
  // Validation refuses such a plan; a checked one that still has such a field was forged by a cast.
  if (field === undefined) throw new TypeError(`field "${name}" is not in the ingress codec; validate the plan`);
  return field;
}
