/** The codes of a struct's field types, for ops and programs. Pure; any thread. */
import { enums } from '../abi/definition.js';
import type { ScalarKind } from './codec-layout.js';

const FIELD_CODES: Readonly<Record<ScalarKind, number>> = {
  u8: enums.FieldCode.U8,
  u16: enums.FieldCode.U16,
  u32: enums.FieldCode.U32,
  u64: enums.FieldCode.U64,
  i8: enums.FieldCode.I8,
  i16: enums.FieldCode.I16,
  i32: enums.FieldCode.I32,
  i64: enums.FieldCode.I64,
  f32: enums.FieldCode.F32,
  f64: enums.FieldCode.F64,
  bool: enums.FieldCode.Bool,
  bytes: enums.FieldCode.Bytes,
  utf8: enums.FieldCode.Utf8,
};

/** What ops on fields have in common. */
export const fieldCode = (kind: ScalarKind): number => FIELD_CODES[kind];
