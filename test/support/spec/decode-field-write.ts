/** Checked reading of what `set_field` stages do: each write lies in the struct that arrives. Pure; any thread. */

import { enums, SpecFieldWrite } from '../../../lib/abi/definition.js';
import { parseScalar, type ScalarKind } from '../../../lib/plan/codec-layout.js';
import { isNumeric } from '../../../lib/plan/field-constant.js';
import { agree, expect } from './decode-tables.js';
import { FIELD_KINDS } from '../../../lib/lower/field-write.js';
import type { FieldKindName, FieldWriteSpec, RecordSpec, StageSpec } from '../../../lib/lower/spec.js';
import { nameOf, type Row, type SpecReader } from './spec-reader.js';

type FieldWriteRow = Row<keyof typeof SpecFieldWrite.offset>;

/** All of them, in the order of their stages. */
export function readFieldWrites(reader: SpecReader): readonly FieldWriteSpec[] {
  return reader.rows('FieldWrites', SpecFieldWrite).map((row) => readFieldWrite(reader, row));
}

function readFieldWrite(reader: SpecReader, row: FieldWriteRow): FieldWriteSpec {
  const write = nameOf(enums.FieldWriteCode, row, 'write', 'field write');
  const kind = nameOf(enums.FieldCode, row, 'kind', 'field type');
  const [offset, length, from, bits] = [row.u32('offset'), row.u32('length'), row.u32('from'), row.u64('bits')];
  const name = reader.text(row.u32('name_offset'), row.u32('name_length'), row.at('name_offset'));
  const text = reader.text(row.u32('text_offset'), row.u32('text_length'), row.at('text_offset'));
  expect(name !== '', 'a field write has no name', row, 'name_length');
  agree(row, 'reserved', 0);
  const scalar = scalarOf(kind);
  const fixed = parseScalar(scalar)?.size;
  expect(length > 0 && length === (fixed ?? length), `a ${kind} of ${length} bytes`, row, 'length');
  expect(write === 'From' || from === 0, `${write} with a field to copy`, row, 'from');
  const apart = Math.abs(from - offset) >= length;
  expect(write !== 'From' || apart, 'a field is copied onto itself', row, 'from');
  expect(write !== 'Add' || isNumeric(scalar), `a sum of ${kind}`, row, 'kind');
  const constant = write !== 'From';
  expect(constant && fixed !== undefined ? bits < 1n << BigInt(8 * fixed) : bits === 0n, 'bits beyond', row, 'bits');
  expect(kind !== 'Bool' || bits <= 1n, `a bool of ${bits}`, row, 'bits');
  const digits = constant && kind === 'Bytes';
  expect(!digits || (text.length === 2 * length && /^[0-9a-f]+$/.test(text)), 'no digits', row, 'text_length');
  const longest = constant && kind === 'Utf8' ? length : digits ? 2 * length : 0;
  expect(row.u32('text_length') <= longest, `a text for ${write} of ${kind}`, row, 'text_length');
  return { write, name, kind, offset, length, from, bits, text };
}

function scalarOf(kind: FieldKindName): ScalarKind {
  return (Object.keys(FIELD_KINDS) as ScalarKind[]).find((scalar) => FIELD_KINDS[scalar] === kind) as ScalarKind;
}

/**
 * A stage that sets a field has structs that are long enough for it, and for the field that it copies.
 * @param records what is known of the records that arrive
 * @param row where the stage's own words stand
 */
export function checkFieldWrite<Field extends string>(
  { id, field }: StageSpec,
  records: RecordSpec,
  row: Row<Field>,
  at: NoInfer<Field>,
): void {
  if (field === null) return;
  const end = Math.max(field.offset, field.from) + field.length;
  const fits = records.codec === 'Struct' && end <= records.recordBytes;
  expect(fits, `${id} writes up to byte ${end} of records of ${records.recordBytes}`, row, at);
}
