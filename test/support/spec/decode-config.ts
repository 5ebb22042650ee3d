/**
 * Checked reading of an op's config: its struct and its texts fill it exactly, and what they say is what the op can do. Ops that are
 * not named here have no rule beyond the form of their struct. Pure; any thread.
 */

import { enums, type SpecKey, type SpecStage } from '../../../lib/abi/definition.js';
import { configOf, isCallerName, type OpName, ops } from '../../../lib/abi/ops.js';
import { textsOf } from '../../../lib/lower/config.js';
import type { ConfigValues, RecordSpec, StageSpec } from '../../../lib/lower/spec.js';
import { parseScalar, type ScalarKind } from '../../../lib/plan/codec-layout.js';
import { isNumeric } from '../../../lib/plan/field-constant.js';
import { agree, expect, keyOf } from './decode-tables.js';
import { nameOf, type Row, type SpecReader } from './spec-reader.js';

type StageRow = Row<keyof typeof SpecStage.offset>;
type ConfigRow = Row<string>;

/** @param start where the config of the stage before ends */
export function readConfig(reader: SpecReader, stage: StageRow, op: OpName, start: number): ConfigValues | null {
  const layout = configOf(op);
  const length = stage.u32('config_length');
  agree(stage, 'config_offset', start);
  if (length === 0) {
    const optional = !isCallerName(op) && ops[op].configOptional;
    expect(layout === null || optional, `op ${op} without a config`, stage, 'config_length');
    return null;
  }
  expect(layout !== null, `op ${op} takes no config`, stage, 'config_length');
  if (layout === null) return null;
  const row = reader.config(layout, stage);
  const values: Record<string, number | bigint | string> = {};
  let end = layout.size;
  for (const text of textsOf(layout)) {
    agree(row, `${text}_offset`, end);
    const bytes = row.u32(`${text}_length`);
    expect(end + bytes <= length, `a text of ${bytes} bytes in a config of ${length}`, row, `${text}_length`);
    values[text] = reader.utf8(row.start + end, bytes);
    end += bytes;
  }
  expect(end === length, `a config of ${length} bytes, of which ${end} are read`, stage, 'config_length');
  for (const { name, type } of layout.fields) {
    if (name === 'reserved') agree(row, name, 0);
    else if (!textsOf(layout).some((text) => name === `${text}_offset` || name === `${text}_length`))
      values[name] = type === 'u64' ? row.u64(name) : row.u32(name);
  }
  RULES[op]?.(values, row);
  return values;
}

const RULES: Partial<Readonly<Record<OpName, (values: ConfigValues, row: ConfigRow) => void>>> = {
  Filter: checkCondition,
  Reject: checkCondition,
  Count: (values, row) => void keyOf(row as Row<keyof typeof SpecKey.offset>, String(values.text)),
  SetField: checkFieldWrite,
};

function checkCondition(_: ConfigValues, row: ConfigRow): void {
  nameOf(enums.MatchCode, row, 'match', 'match');
  expect(row.u32('invert') <= 1, `invert is ${row.u32('invert')}`, row, 'invert');
}

function checkFieldWrite({ name, text }: ConfigValues, row: ConfigRow): void {
  const write = nameOf(enums.FieldWriteCode, row, 'write', 'field write');
  const kind = nameOf(enums.FieldCode, row, 'kind', 'field type');
  const [offset, length, from, bits] = [row.u32('offset'), row.u32('length'), row.u32('from'), row.u64('bits')];
  expect(name !== '', 'a field write has no name', row, 'name_length');
  const scalar = kind.toLowerCase() as ScalarKind;
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
  const isHex = String(text).length === 2 * length && /^[0-9a-f]+$/.test(String(text));
  expect(!digits || isHex, 'no digits', row, 'text_length');
  const longest = constant && kind === 'Utf8' ? length : digits ? 2 * length : 0;
  expect(row.u32('text_length') <= longest, `a text for ${write} of ${kind}`, row, 'text_length');
}

/**
 * A stage that sets a field has structs that are long enough for it, and for the field that it copies.
 * @param records what is known of the records that arrive
 * @param row where the stage's own words stand
 */
export function checkStructs<Field extends string>(
  { id, op, config }: StageSpec,
  records: RecordSpec,
  row: Row<Field>,
  at: NoInfer<Field>,
): void {
  if (op !== 'SetField') return;
  const end = Math.max(Number(config?.offset), Number(config?.from)) + Number(config?.length);
  const fits = records.codec === 'Struct' && end <= records.recordBytes;
  expect(fits, `${id} writes up to byte ${end} of records of ${records.recordBytes}`, row, at);
}

/** The field that a stage counts by lies in the records of an ingress upstream. */
export function checkStageKey<Field extends string>(
  { op, config }: StageSpec,
  { recordBytes }: RecordSpec,
  row: Row<Field>,
  at: NoInfer<Field>,
): void {
  if (op !== 'Count' || config?.kind !== enums.KeyCode.Field) return;
  expect(Number(config.offset) + Number(config.length) <= recordBytes, 'a field key ends behind the record', row, at);
}

/** Records that a stage emits at most for one; 0 where that is not known. */
export const emitsMaxOf = ({ op, config }: StageSpec): number =>
  isCallerName(op) ? Number(config?.emits_max) : ops[op].emitsMax;
