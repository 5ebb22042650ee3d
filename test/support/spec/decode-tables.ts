/**
 * Checked reading of the tables that rings and graphs share: boundaries, stages, keys. What follows from something else
 * is computed again and compared. Pure; any thread.
 */

import { enums, NONE, type SpecBoundary, type SpecKey, SpecStage, stageFlags } from '../../../lib/abi/definition.js';
import { callerOps, isCallerName, type OpName, ops } from '../../../lib/abi/ops.js';
import type {
  BoundarySpec,
  ConfigValues,
  KeySpec,
  RecordSpec,
  StageAbilities,
  StageSpec,
} from '../../../lib/lower/spec.js';
import { abilitiesOf } from '../../../lib/lower/stage.js';
import { OP_TEXT_BYTES_MAX } from '../../../lib/plan/limits.js';
import { roomOf, traitsOf } from '../../../lib/plan/op-catalog.js';
import { SpecError } from './spec-error.js';
import { nameOf, type Row, type SpecReader } from './spec-reader.js';

type BoundaryRow = Row<keyof typeof SpecBoundary.offset>;
type StageRow = Row<keyof typeof SpecStage.offset>;
type KeyRow = Row<keyof typeof SpecKey.offset>;

export function expect<Field extends string>(holds: boolean, message: string, row: Row<Field>, field: Field): void {
  if (!holds) throw new SpecError(message, row.at(field));
}

/** Compares a stored number with the one that follows from the rest. */
export function agree<Field extends string>(row: Row<Field>, field: Field, expected: number | bigint): void {
  const found = typeof expected === 'bigint' ? row.u64(field) : row.u32(field);
  expect(found === expected, `${field} is ${found}, but ${expected} follows from the rest`, row, field);
}

/** An index into a table of `count` records, or null for NONE. */
export function indexOrNull<Field extends string>(row: Row<Field>, field: Field, count: number): number | null {
  const index = row.u32(field);
  if (index === NONE) return null;
  expect(index < count, `${field} ${index} of ${count}`, row, field);
  return index;
}

export function readBoundary(reader: SpecReader, row: BoundaryRow): BoundarySpec {
  const codec = nameOf(enums.CodecCode, row, 'codec', 'codec');
  const recordBytes = row.u32('record_bytes');
  const layoutHash = row.u64('layout_hash');
  const isStruct = codec === 'Struct';
  expect(recordBytes > 0 === isStruct, `codec ${codec} with ${recordBytes} record bytes`, row, 'record_bytes');
  expect(isStruct || layoutHash === 0n, `codec ${codec} has no layout to hash`, row, 'layout_hash');
  const onError = nameOf(enums.OnErrorCode, row, 'on_error', 'on_error');
  expect(onError !== 'Pass', 'a boundary cannot pass a record on', row, 'on_error');
  return { id: readId(reader, row), onError, codec, recordBytes, layoutHash };
}

export function readId(reader: SpecReader, row: Row<'id_offset' | 'id_length'>): string {
  expect(row.u32('id_length') > 0, 'an id is empty', row, 'id_length');
  return reader.text(row.u32('id_offset'), row.u32('id_length'), row.at('id_offset'));
}

/** The plan's word for an op of the spec: what its abilities and room are looked up by. */
function planOp(op: OpName, config: ConfigValues | null): string {
  return isCallerName(op) ? `${callerOps[op].name}:${config?.name}` : ops[op].name;
}

/**
 * Flags and room of a built-in op follow from the op; a buffer that says otherwise would make the core skip checks. Of a
 * caller's op they are what the plan declares, so each is sound by itself.
 */
function readAbilities(
  row: StageRow,
  op: OpName,
  config: ConfigValues | null,
): StageAbilities & Pick<StageSpec, 'headroom' | 'tailroom'> {
  const word = planOp(op, config);
  const traits = traitsOf(word);
  if (traits === undefined) throw new SpecError(`no op is called "${word}"`, row.at('config_offset'));
  if (isCallerName(op)) return readDeclared(row);
  const abilities = abilitiesOf(traits);
  agree(row, 'flags', stageFlags(abilities));
  // An affix crosses as it stands in the plan.
  const { head, tail } = roomOf({ op: word, config: config ?? {} });
  agree(row, 'headroom', head);
  agree(row, 'tailroom', tail);
  return { ...abilities, headroom: head, tailroom: tail };
}

function readDeclared(row: StageRow): StageAbilities & Pick<StageSpec, 'headroom' | 'tailroom'> {
  const { Writes, Filters, Fails, Sink, KeepsLayout, Emits } = enums.StageFlag;
  const [flags, tailroom] = [row.u32('flags'), row.u32('tailroom')];
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const keepsLayout = has(KeepsLayout);
  const changes = has(Writes) || has(Emits);
  const sound = (flags & ~(Writes | Filters | Sink | KeepsLayout | Emits)) === Fails && (changes || !keepsLayout);
  expect(sound, `a caller's op with the flags ${flags}`, row, 'flags');
  agree(row, 'headroom', 0);
  expect(tailroom <= OP_TEXT_BYTES_MAX, `a caller's op with a room of ${tailroom} bytes`, row, 'tailroom');
  const abilities = { writes: has(Writes), filters: has(Filters), fails: true, sink: has(Sink), emits: has(Emits) };
  return { ...abilities, keepsLayout, headroom: 0, tailroom };
}

/** @param readConfig reads what an op is told, from where the config of the stage before ends */
export function readStages(
  reader: SpecReader,
  readConfig: (reader: SpecReader, row: StageRow, op: OpName, start: number) => ConfigValues | null,
): readonly StageSpec[] {
  let end = 0;
  const stages = reader.rows('Stages', SpecStage).map((row): StageSpec => {
    const op = nameOf(enums.OpCode, row, 'op', 'op');
    const config = readConfig(reader, row, op, end);
    end += row.u32('config_length');
    const onError = nameOf(enums.OnErrorCode, row, 'on_error', 'on_error');
    return { id: readId(reader, row), op, ...readAbilities(row, op, config), onError, config };
  });
  reader.expectConfigs(end);
  return stages;
}

export function readKey(reader: SpecReader, row: KeyRow): KeySpec {
  return keyOf(row, reader.text(row.u32('text_offset'), row.u32('text_length'), row.at('text_offset')));
}

/** A key of a table or of a stage's config, whose text stands where such a key has it. */
export function keyOf(row: KeyRow, text: string): KeySpec {
  const kind = nameOf(enums.KeyCode, row, 'kind', 'key kind');
  const [offset, length, index] = [row.u32('offset'), row.u32('length'), row.u32('index')];
  const ranged = kind === 'Bytes' || kind === 'Field';
  expect(ranged ? length > 0 : length === 0 && offset === 0, `key ${kind} spans ${length} bytes`, row, 'length');
  expect(kind === 'Token' || index === 0, `key ${kind} with index ${index}`, row, 'index');
  switch (kind) {
    case 'Bytes':
      expect(text === '', 'a bytes key has no text', row, 'text_length');
      return { kind, offset, length };
    case 'Token':
      expect(text !== '', 'a token key has an empty separator', row, 'text_length');
      return { kind, separator: text, index };
    case 'Json':
      return { kind, pointer: text };
    case 'Field':
      expect(text !== '', 'a field key has no name', row, 'text_length');
      return { kind, name: text, offset, length };
  }
}

/** A field key lies inside the records that it reads. */
export function checkField(key: KeySpec | undefined, row: KeyRow | undefined, { recordBytes }: RecordSpec): void {
  if (key?.kind !== 'Field' || row === undefined) return;
  expect(key.offset + key.length <= recordBytes, 'a field key ends behind the record', row, 'length');
}

export function readName(reader: SpecReader): string {
  const { header } = reader;
  return reader.text(header.u32('name_offset'), header.u32('name_length'), header.at('name_offset'));
}
