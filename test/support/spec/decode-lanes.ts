/** Checked reading of the lanes of a graph, each by itself; decode-graph.ts checks them against the roles. Pure. */

import { enums, NONE, SpecLane } from '../../../lib/abi/definition.js';
import type { LaneKindName, LaneSpec } from '../../../lib/lower/spec.js';
import {
  CAPACITY_MAX,
  FANOUT_V1_MAX_CONSUMERS,
  GRAPH_CONNECTIONS_MAX,
  JOURNAL_INTERVAL_MS_MAX,
  JOURNAL_RETAIN_MAX,
  JOURNAL_SEGMENT_BYTES_MAX,
  JOURNAL_SEGMENT_BYTES_MIN,
  LANE_BYTES_MAX,
  LANE_BYTES_MIN,
} from '../../../lib/plan/limits.js';
import { agree, expect, readId } from './decode-tables.js';
import { nameOf, type Row, type SpecReader } from './spec-reader.js';

export type LaneRow = Row<keyof typeof SpecLane.offset>;
type Field = keyof typeof SpecLane.offset;

const { Inserted, Watermarked } = enums.LaneFlag;

function within(row: LaneRow, field: Field, min: number, max: number): number {
  const value = row.u32(field);
  expect(value >= min && value <= max, `${field} is ${value}, expected ${min}…${max}`, row, field);
  return value;
}

/** 0, which is the default, or a value of the range. */
function zeroOrWithin(row: LaneRow, field: Field, min: number, max: number): number {
  return row.u32(field) === 0 ? 0 : within(row, field, min, max);
}

function zero(row: LaneRow, fields: readonly Field[]): 0 {
  for (const field of fields) agree(row, field, 0);
  return 0;
}

function retained(row: LaneRow, field: 'retain_bytes' | 'retain_ms'): number {
  const value = row.u64(field);
  expect(
    value <= BigInt(JOURNAL_RETAIN_MAX),
    `${field} is ${value}, expected at most ${JOURNAL_RETAIN_MAX}`,
    row,
    field,
  );
  return Number(value);
}

type JournalParameters = Pick<LaneSpec, 'fsync' | 'fsyncIntervalMs' | 'segmentBytes' | 'retainBytes' | 'retainMs'>;

function readJournal(row: LaneRow, kind: LaneKindName): JournalParameters {
  if (kind !== 'Journal') {
    zero(row, ['fsync', 'fsync_interval_ms', 'segment_bytes']);
    agree(row, 'retain_bytes', 0n);
    agree(row, 'retain_ms', 0n);
    return { fsync: null, fsyncIntervalMs: 0, segmentBytes: 0, retainBytes: 0, retainMs: 0 };
  }
  const fsync = nameOf(enums.FsyncCode, row, 'fsync', 'fsync');
  return {
    fsync,
    fsyncIntervalMs:
      fsync === 'Interval'
        ? within(row, 'fsync_interval_ms', 1, JOURNAL_INTERVAL_MS_MAX)
        : zero(row, ['fsync_interval_ms']),
    segmentBytes: zeroOrWithin(row, 'segment_bytes', JOURNAL_SEGMENT_BYTES_MIN, JOURNAL_SEGMENT_BYTES_MAX),
    retainBytes: retained(row, 'retain_bytes'),
    retainMs: retained(row, 'retain_ms'),
  };
}

function readCapacity(row: LaneRow, kind: LaneKindName): Pick<LaneSpec, 'capacityBytes' | 'capacityRecords'> {
  const framed = kind === 'Events' || kind === 'FanoutBroadcast';
  return {
    capacityBytes: framed
      ? zeroOrWithin(row, 'capacity_bytes', LANE_BYTES_MIN, LANE_BYTES_MAX)
      : zero(row, ['capacity_bytes']),
    capacityRecords:
      kind === 'SequencedSlots' ? within(row, 'capacity_records', 1, CAPACITY_MAX) : zero(row, ['capacity_records']),
  };
}

function readReaders(reader: SpecReader, row: LaneRow, kind: LaneKindName): readonly number[] {
  within(row, 'reader_count', 1, kind === 'FanoutBroadcast' ? FANOUT_V1_MAX_CONSUMERS : 1);
  const readers = reader.indices('LaneReaders', row, 'reader_start', 'reader_count');
  expect(new Set(readers).size === readers.length, 'a reader stands twice', row, 'reader_start');
  return readers;
}

/** Author's lanes, in the order of their connections, then inserted ones. */
function readConnection(row: LaneRow, previous: LaneSpec | undefined): number | null {
  const connection = row.u32('connection');
  if (connection === NONE) return null;
  const least = previous === undefined ? 0 : (previous.connection ?? GRAPH_CONNECTIONS_MAX) + 1;
  const message = `connection is ${connection}, expected ${least}…${GRAPH_CONNECTIONS_MAX - 1} or none`;
  expect(connection >= least && connection < GRAPH_CONNECTIONS_MAX, message, row, 'connection');
  return connection;
}

function readLane(reader: SpecReader, row: LaneRow, previous: LaneSpec | undefined): LaneSpec {
  const kind = nameOf(enums.LaneKindCode, row, 'kind', 'lane kind');
  const onFull = nameOf(enums.OnFullCode, row, 'on_full', 'on_full');
  const flags = row.u32('flags');
  expect((flags & ~(Inserted | Watermarked)) === 0, `unknown flags in ${flags}`, row, 'flags');
  expect(kind !== 'FanoutBroadcast' || onFull === 'Block', 'a shared lane cannot drop', row, 'on_full');
  const connection = readConnection(row, previous);
  const lane: LaneSpec = {
    id: readId(reader, row),
    kind,
    inserted: connection === null,
    watermarked: (flags & Watermarked) !== 0,
    onFull,
    writer: row.u32('writer'),
    readers: readReaders(reader, row, kind),
    connection,
    ...readCapacity(row, kind),
    ...readJournal(row, kind),
    codec: nameOf(enums.CodecCode, row, 'codec', 'codec'),
    recordBytes: row.u32('record_bytes'),
    layoutHash: row.u64('layout_hash'),
  };
  checkInserted(lane, row);
  return lane;
}

function checkInserted({ inserted, kind, onFull, capacityBytes }: LaneSpec, row: LaneRow): void {
  const marked = (row.u32('flags') & Inserted) !== 0;
  expect(marked === inserted, 'inserted lanes are those without a connection', row, 'flags');
  if (!inserted) return;
  expect(kind === 'Events', `an inserted lane is Events, not ${kind}`, row, 'kind');
  expect(onFull === 'Block', 'an inserted lane cannot drop', row, 'on_full');
  expect(capacityBytes === 0, 'the capacity of an inserted lane is not in the spec', row, 'capacity_bytes');
}

export interface ReadLanes {
  readonly lanes: readonly LaneSpec[];
  readonly rows: readonly LaneRow[];
}

export function readLanes(reader: SpecReader): ReadLanes {
  const rows = reader.rows('Lanes', SpecLane);
  const lanes: LaneSpec[] = [];
  const ids = new Set<string>();
  for (const row of rows) {
    const lane = readLane(reader, row, lanes[lanes.length - 1]);
    expect(!ids.has(lane.id), `the lane ${lane.id} stands twice`, row, 'id_offset');
    ids.add(lane.id);
    lanes.push(lane);
  }
  return { lanes, rows };
}
