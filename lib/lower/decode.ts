/**
 * Reads a spec buffer back into a RingSpec. Nothing is trusted: every bound is checked, and everything that follows from
 * something else (ancestors, marks, terminals, room, layout) is computed again and compared. The same rules stand in
 * native/abi; this side serves tools and tests. Pure; any thread.
 */

import {
  enums,
  NONE,
  SpecBoundary,
  type SpecHeader,
  SpecKey,
  SpecRing,
  SpecRingEntry,
  SpecStage,
} from '../abi/definition.js';
import { roomOf, traitsOf } from '../plan/op-catalog.js';
import { maskOf } from './encode.js';
import { SpecError } from './errors.js';
import { chooseLayout } from './layout.js';
import type { BoundarySpec, KeySpec, OpName, RingEntrySpec, RingSpec, StageAbilities, StageSpec } from './spec.js';
import { nameOf, type Row, SpecReader } from './spec-reader.js';
import { ancestorsOf, nearestFilters, terminalsOf } from './topology.js';

/** Most entries a ring can have: one bit each in a 64-bit mask. */
const ENTRIES_MAX = 64;
const SHARDS_MAX = 64;

type BoundaryRow = Row<keyof typeof SpecBoundary.offset>;
type StageRow = Row<keyof typeof SpecStage.offset>;
type RingRow = Row<keyof typeof SpecRing.offset>;
type EntryRow = Row<keyof typeof SpecRingEntry.offset>;
type KeyRow = Row<keyof typeof SpecKey.offset>;
type HeaderRow = Row<keyof typeof SpecHeader.offset>;

function expect<Field extends string>(holds: boolean, message: string, row: Row<Field>, field: Field): void {
  if (!holds) throw new SpecError(message, row.at(field));
}

/** Compares a stored number with the one that follows from the rest. */
function agree<Field extends string>(row: Row<Field>, field: Field, expected: number | bigint): void {
  const found = typeof expected === 'bigint' ? row.u64(field) : row.u32(field);
  expect(found === expected, `${field} is ${found}, but ${expected} follows from the rest`, row, field);
}

/** An index into a table of `count` records, or null for NONE. */
function indexOrNull<Field extends string>(row: Row<Field>, field: Field, count: number): number | null {
  const index = row.u32(field);
  if (index === NONE) return null;
  expect(index < count, `${field} ${index} of ${count}`, row, field);
  return index;
}

function readBoundary(reader: SpecReader, row: BoundaryRow): BoundarySpec {
  const codec = nameOf(enums.CodecCode, row, 'codec', 'codec');
  const recordBytes = row.u32('record_bytes');
  const layoutHash = row.u64('layout_hash');
  const isStruct = codec === 'Struct';
  expect(recordBytes > 0 === isStruct, `codec ${codec} with ${recordBytes} record bytes`, row, 'record_bytes');
  expect(isStruct || layoutHash === 0n, `codec ${codec} has no layout to hash`, row, 'layout_hash');
  agree(row, 'reserved', 0);
  return { id: readId(reader, row), codec, recordBytes, layoutHash };
}

function readId(reader: SpecReader, row: Row<'id_offset' | 'id_length'>): string {
  expect(row.u32('id_length') > 0, 'an id is empty', row, 'id_length');
  return reader.text(row.u32('id_offset'), row.u32('id_length'), row.at('id_offset'));
}

function pickBoundary(
  rows: readonly BoundaryRow[],
  ring: RingRow,
  field: 'ingress' | 'egress',
  kind: keyof typeof enums.BoundaryCode,
): BoundaryRow {
  const index = ring.u32(field);
  const row = rows[index];
  if (row === undefined) throw new SpecError(`${field} ${index} of ${rows.length} boundaries`, ring.at(field));
  expect(nameOf(enums.BoundaryCode, row, 'kind', 'boundary kind') === kind, `boundary is no ${field}`, row, 'kind');
  return row;
}

/** The plan's word for an op of the spec: what its abilities and room are looked up by. */
function planOp(op: OpName, text: string): string {
  if (op === 'Js' || op === 'Native') return `${op.toLowerCase()}:${text}`;
  return op.toLowerCase();
}

/** Flags and room follow from the op; a buffer that says otherwise would make the core skip checks. */
function readAbilities(
  row: StageRow,
  op: OpName,
  text: string,
): StageAbilities & Pick<StageSpec, 'headroom' | 'tailroom'> {
  const { Writes, Filters, Fails, Sink } = enums.StageFlag;
  const word = planOp(op, text);
  const traits = traitsOf(word);
  if (traits === undefined) throw new SpecError(`no op is called "${word}"`, row.at('text_offset'));
  const { filters, fails, sink } = traits;
  const writes = traits.access === 'write';
  agree(row, 'flags', (writes ? Writes : 0) | (filters ? Filters : 0) | (fails ? Fails : 0) | (sink ? Sink : 0));
  const { head, tail } = roomOf({ op: word, config: { text } });
  agree(row, 'headroom', head);
  agree(row, 'tailroom', tail);
  return { writes, filters, fails, sink, headroom: head, tailroom: tail };
}

function readStage(reader: SpecReader, row: StageRow, keyCount: number): StageSpec {
  const op = nameOf(enums.OpCode, row, 'op', 'op');
  const match = nameOf(enums.MatchCode, row, 'match', 'match');
  const key = indexOrNull(row, 'key', keyCount);
  expect((match !== 'None') === (op === 'Filter' || op === 'Reject'), `op ${op} with match ${match}`, row, 'match');
  expect(row.u32('invert') <= (match === 'None' ? 0 : 1), `invert is ${row.u32('invert')}`, row, 'invert');
  expect(key === null || op === 'Count', `op ${op} takes no key`, row, 'key');
  agree(row, 'reserved', 0);
  const text = reader.text(row.u32('text_offset'), row.u32('text_length'), row.at('text_offset'));
  const abilities = readAbilities(row, op, text);
  return { id: readId(reader, row), op, ...abilities, text, match, invert: row.u32('invert') === 1, key };
}

function readKey(reader: SpecReader, row: KeyRow, ingress: BoundarySpec): KeySpec {
  const kind = nameOf(enums.KeyCode, row, 'kind', 'key kind');
  const [offset, length, index] = [row.u32('offset'), row.u32('length'), row.u32('index')];
  const text = reader.text(row.u32('text_offset'), row.u32('text_length'), row.at('text_offset'));
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
      expect(offset + length <= ingress.recordBytes, 'a field key ends behind the record', row, 'length');
      return { kind, name: text, offset, length };
  }
}

function readDependencies(reader: SpecReader, row: EntryRow): readonly number[] {
  const own = reader.dependencies(row);
  for (const [at, index] of own.entries()) {
    const previous = own[at - 1] ?? -1;
    const message = `entry ${row.index} depends on ${index}: dependencies ascend and stand before their entry`;
    expect(index < row.index && index > previous, message, row, 'dependency_start');
  }
  return own;
}

interface Topology {
  readonly entries: readonly RingEntrySpec[];
  readonly markCount: number;
  readonly terminals: readonly number[];
  readonly egressReadsMarksOf: readonly number[];
}

function readEntries(reader: SpecReader, stages: readonly StageSpec[]): Topology {
  const rows = reader.rows('RingEntries', SpecRingEntry);
  const [first] = rows;
  if (first === undefined || rows.length > ENTRIES_MAX)
    throw new SpecError(`a ring has 1 to ${ENTRIES_MAX} entries, found ${rows.length}`, 0);
  expect(rows.length === stages.length, `${rows.length} entries for ${stages.length} stages`, first, 'stage');
  const dependencies = rows.map((row) => readDependencies(reader, row));
  const ancestors = ancestorsOf(dependencies);
  const filters = rows.map((row) => stages[row.u32('stage')]?.filters === true);
  const seen = new Set<number>();
  let markCount = 0;
  const entries = rows.map((row, index) => {
    const stage = row.u32('stage');
    expect(stage < stages.length && !seen.has(stage), `stage ${stage} is unknown or stands twice`, row, 'stage');
    seen.add(stage);
    const before = ancestors[index] ?? [];
    const readsMarksOf = nearestFilters(before, filters, ancestors);
    const mark = filters[index] === true ? markCount++ : null;
    agree(row, 'ancestor_mask', maskOf(before));
    agree(row, 'filter_mask', maskOf(readsMarksOf));
    agree(row, 'mark', mark ?? NONE);
    return { stage, dependencies: dependencies[index] ?? [], ancestors: before, readsMarksOf, mark };
  });
  const everyEntry = rows.map((_, index) => index);
  const egressReadsMarksOf = nearestFilters(everyEntry, filters, ancestors);
  return { entries, markCount, terminals: terminalsOf(dependencies), egressReadsMarksOf };
}

/** Two stages of which one writes, and neither of which is before the other, would race on the slot. */
function checkRaces(stages: readonly StageSpec[], { entries }: Topology, row: RingRow): void {
  const writes = entries.map(({ stage }) => stages[stage]?.writes === true);
  for (const [later, entry] of entries.entries()) {
    const free = entries.findIndex(
      (_, earlier) => earlier < later && !entry.ancestors.includes(earlier) && (writes[earlier] || writes[later]),
    );
    expect(free < 0, `entries ${free} and ${later} race on the slot`, row, 'terminal_mask');
  }
}

function checkRing(ring: RingRow, ingress: BoundarySpec, stages: readonly StageSpec[], topology: Topology): void {
  const layout = chooseLayout(ingress, stages);
  agree(ring, 'layout', enums.LayoutCode[layout]);
  agree(ring, 'record_bytes', layout === 'Fixed' ? ingress.recordBytes : 0);
  agree(
    ring,
    'headroom',
    stages.reduce((total, stage) => total + stage.headroom, 0),
  );
  agree(
    ring,
    'tailroom',
    stages.reduce((total, stage) => total + stage.tailroom, 0),
  );
  agree(ring, 'mark_count', topology.markCount);
  agree(ring, 'terminal_mask', maskOf(topology.terminals));
  agree(ring, 'egress_filter_mask', maskOf(topology.egressReadsMarksOf));
}

function readName(reader: SpecReader, header: HeaderRow): string {
  expect(header.u32('target') === enums.TargetCode.SingleRing, 'the target is not SingleRing', header, 'target');
  return reader.text(header.u32('name_offset'), header.u32('name_length'), header.at('name_offset'));
}

function readShards(ring: RingRow, keyCount: number): Pick<RingSpec, 'shards' | 'ordering' | 'shardKey'> {
  const shards = ring.u32('shards');
  const ordering = nameOf(enums.OrderingCode, ring, 'ordering', 'ordering');
  const shardKey = indexOrNull(ring, 'shard_key', keyCount);
  expect(shards >= 1 && shards <= SHARDS_MAX, `shards is ${shards}, expected 1…${SHARDS_MAX}`, ring, 'shards');
  expect(ordering !== 'Strict' || shards === 1, `Strict ordering with ${shards} shards`, ring, 'ordering');
  expect((shardKey !== null) === shards > 1, 'a shard key stands exactly with several shards', ring, 'shard_key');
  return { shards, ordering, shardKey };
}

/**
 * Reads a spec buffer. The view is only read; the result shares nothing with it.
 * @throws SpecError with the byte in question when anything does not hold
 */
export function decodeSpec(bytes: Uint8Array): RingSpec {
  const reader = new SpecReader(bytes);
  const name = readName(reader, reader.header);
  const [ring, ...moreRings] = reader.rows('Ring', SpecRing);
  if (ring === undefined || moreRings.length > 0)
    throw new SpecError(`expected exactly one Ring record, found ${moreRings.length + (ring ? 1 : 0)}`, 0);
  const boundaryRows = reader.rows('Boundaries', SpecBoundary);
  expect(boundaryRows.length === 2, `expected 2 boundaries, found ${boundaryRows.length}`, ring, 'ingress');
  const ingress = readBoundary(reader, pickBoundary(boundaryRows, ring, 'ingress', 'Ingress'));
  const egress = readBoundary(reader, pickBoundary(boundaryRows, ring, 'egress', 'Egress'));
  const keys = reader.rows('Keys', SpecKey).map((row) => readKey(reader, row, ingress));
  const stages = reader.rows('Stages', SpecStage).map((row) => readStage(reader, row, keys.length));
  const ids = new Set([ingress, egress, ...stages].map(({ id }) => id));
  expect(ids.size === stages.length + 2, 'an id stands twice', ring, 'ingress');
  const topology = readEntries(reader, stages);
  checkRaces(stages, topology, ring);
  checkRing(ring, ingress, stages, topology);
  return {
    target: 'SingleRing',
    name,
    ...readShards(ring, keys.length),
    layout: nameOf(enums.LayoutCode, ring, 'layout', 'layout'),
    recordBytes: ring.u32('record_bytes'),
    headroom: ring.u32('headroom'),
    tailroom: ring.u32('tailroom'),
    ingress,
    egress,
    stages,
    keys,
    ...topology,
  };
}
