/** Resolves what a `set_field` stage does into places and bytes, so that no schema is walked per record. Pure; any thread. */
import { enums } from '../abi/definition.js';
import { type FieldLayout, layoutOf } from '../plan/codec-layout.js';
import type { Codec } from '../plan/document.js';
import { fieldCode } from '../plan/field-code.js';
import { type ConstantBytes, constantBytes } from '../plan/field-constant.js';
import type { SetFieldConfig } from '../plan/op-catalog.js';
import type { ConfigValues } from './spec.js';

/** The bits or the text of a constant of a field's type. */
export function constantOf({ name, kind, size }: FieldLayout, value: unknown): ConstantBytes {
  const constant = constantBytes({ kind, size }, value);
  // Validation refuses such a plan; a checked one that still has such a constant was forged by a cast.
  if (constant === undefined) throw new TypeError(`the constant for field "${name}" is no ${kind}; validate the plan`);
  return constant;
}

/** @param codec the struct that every ingress upstream declares: validation has seen to that */
export function lowerFieldWrite(config: SetFieldConfig, codec: Codec): ConfigValues {
  const { Value, Add, From } = enums.FieldWriteCode;
  const field = fieldNamed(config.field, codec);
  const place = { kind: fieldCode(field.kind), offset: field.offset, length: field.size, name: field.name };
  if (config.from !== undefined)
    return { write: From, ...place, from: fieldNamed(config.from, codec).offset, bits: 0n, text: '' };
  const constant = constantOf(field, config.add ?? config.value);
  return { write: config.add === undefined ? Value : Add, ...place, from: 0, ...constant };
}

/** @param codec as of `lowerFieldWrite` */
export function fieldNamed(name: string, codec: Codec): FieldLayout {
  const field = layoutOf(codec)?.fields.find((candidate) => candidate.name === name);
  // Validation refuses such a plan; a checked one that still has such a field was forged by a cast.
  if (field === undefined) throw new TypeError(`field "${name}" is not in the ingress codec; validate the plan`);
  return field;
}
