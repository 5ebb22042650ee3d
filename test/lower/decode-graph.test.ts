import { describe, expect, it } from 'vitest';
import {
  enums,
  NONE,
  SpecBoundary,
  SpecHeader,
  SpecKey,
  SpecLane,
  SpecRole,
  SpecSection,
  SpecStage,
} from '../../lib/abi/definition.js';
import { encodeSpec, type GraphSpec, type LaneSpec, lower } from '../../lib/lower/index.js';
import { decodeSpec } from '../support/spec/decode.js';
import { SpecError } from '../support/spec/spec-error.js';
import { bothSides, byKey, graphs, journalBranch, line, ordered, sharedAmongOthers } from './graphs.js';

const SECTIONS = ['Text', 'Boundaries', 'Stages', 'Keys', 'Roles', 'Lanes', 'RoleLanes', 'LaneReaders'] as const;
const LAYOUTS = { Boundaries: SpecBoundary, Stages: SpecStage, Keys: SpecKey, Roles: SpecRole, Lanes: SpecLane };

function sectionOffset(bytes: Uint8Array, name: (typeof SECTIONS)[number]): number {
  const row = SpecHeader.size + SECTIONS.indexOf(name) * SpecSection.size;
  return new DataView(bytes.buffer).getUint32(row + SpecSection.offset.offset, true);
}

type Table = keyof typeof LAYOUTS;
type FieldOf<T extends Table> = keyof (typeof LAYOUTS)[T]['offset'] & string;

/** A lowered graph's buffer with one u32 of a row changed; rows are named by the id that they have. */
function patched<T extends Table>(
  spec: GraphSpec,
  table: T,
  row: number | string,
  field: FieldOf<T>,
  value: number,
): Uint8Array {
  const ids: Partial<Record<Table, readonly { readonly id: string }[]>> = {
    Boundaries: spec.boundaries,
    Stages: spec.stages,
    Roles: spec.roles,
    Lanes: spec.lanes,
  };
  const index = typeof row === 'number' ? row : (ids[table] ?? []).findIndex(({ id }) => id === row);
  const bytes = encodeSpec(spec);
  const { size, offset } = LAYOUTS[table];
  const at = sectionOffset(bytes, table) + index * size + ((offset as Record<string, number>)[field] ?? 0);
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
}

/** The same with one index of a list changed. */
function relinked(spec: GraphSpec, section: 'RoleLanes' | 'LaneReaders', index: number, value: number): Uint8Array {
  const bytes = encodeSpec(spec);
  new DataView(bytes.buffer).setUint32(sectionOffset(bytes, section) + index * 4, value, true);
  return bytes;
}

const both = lower(bothSides);
const order = lower(ordered);
const keyed = lower(byKey);
const journal = lower(journalBranch);
const straight = lower(line);
const shared = lower(sharedAmongOthers);

const withLane = (spec: GraphSpec, id: string, change: Partial<LaneSpec>): Uint8Array =>
  encodeSpec({ ...spec, lanes: spec.lanes.map((lane) => (lane.id === id ? { ...lane, ...change } : lane)) });

/** The graph by key, whose count reads its field elsewhere. */
const countingAt = (offset: number): Uint8Array =>
  encodeSpec({
    ...keyed,
    stages: keyed.stages.map((stage) =>
      stage.op === 'Count' ? { ...stage, config: { ...stage.config, offset } } : stage,
    ),
  });

/** The graph with an Ordered egress, where one stage before it emits so many records for one. */
function emitting(most: number): Uint8Array {
  const before = order.roles.find(({ kind, outlets }) => kind === 'Stage' && order.lanes[outlets[0] ?? 0]?.watermarked);
  const own = { op: 'Js', writes: false, filters: false, fails: true, sink: false, emits: true } as const;
  const config = { name: 'cut', emits_max: most };
  return encodeSpec({
    ...order,
    stages: order.stages.map((stage) =>
      stage.id === before?.id ? { ...stage, ...own, headroom: 0, tailroom: 0, config } : stage,
    ),
  });
}

const { Inserted, Watermarked } = enums.LaneFlag;

describe('decodeSpec of a graph', () => {
  it.each(Object.entries(graphs))('gives back what encodeSpec wrote: %s', (_, plan) => {
    expect(decodeSpec(encodeSpec(lower(plan)))).toEqual(lower(plan));
  });

  it.each<[string, Uint8Array, string]>([
    ['an unknown role', patched(both, 'Roles', 'a', 'kind', 9), 'unknown role kind 9'],
    ['an unknown policy', patched(both, 'Roles', 'a', 'policy', 9), 'unknown policy 9'],
    ['a stage with a policy', patched(both, 'Roles', 'a', 'policy', 1), 'a Stage with policy Broadcast'],
    ['a merge that routes', patched(both, 'Roles', 'merge:out', 'policy', 2), 'a Merge with policy RoundRobin'],
    ['a router without its key', patched(keyed, 'Roles', 'router:in-a', 'key', NONE), 'by KeyHash with key none'],
    ['a key where none is taken', patched(keyed, 'Roles', 'merge:x', 'key', 0), 'a Merge by Interleave with key 0'],
    ['a key out of range', patched(keyed, 'Roles', 'router:in-a', 'key', 1), 'key 1 of 1'],
    [
      'a stage’s router that chooses',
      patched(both, 'Roles', 'router:a', 'policy', 2),
      'router:a chooses behind a Stage',
    ],
    ['an ingress that is an egress', patched(both, 'Boundaries', 'in', 'kind', 2), 'boundary in is not an Ingress'],
    ['a stage out of order', patched(both, 'Roles', 'b', 'index', 0), 'index is 0, but 1 follows from the rest'],
    ['an inserted role with an index', patched(both, 'Roles', 'router:a', 'index', 0), 'index 0 of 0'],
    ['a role with another’s name', patched(both, 'Roles', 'b', 'id_offset', 5), 'role s is b in its table'],
    ['a merge of one lane', patched(both, 'Roles', 'merge:out', 'inlet_count', 1), 'a Merge with inlet_count 1'],
    ['a router to one lane', patched(both, 'Roles', 'router:a', 'outlet_count', 1), 'a Router with outlet_count 1'],
    ['a stage that is not a sink and writes nothing', patched(both, 'Roles', 'b', 'outlet_count', 0), 'outlet_count 0'],
    ['a sink that reads nothing', patched(both, 'Roles', 'tally', 'inlet_count', 0), 'a Stage with inlet_count 0'],
    ['an egress that writes', patched(both, 'Roles', 'out', 'outlet_count', 1), 'a Egress with outlet_count 1'],
    ['lanes behind the table', patched(both, 'Roles', 'merge:out', 'inlet_count', 99), 'lanes 17…116 of 22'],
    ['lanes that are shared', patched(both, 'Roles', 'router:a', 'outlet_count', 4), 'are shared'],
    ['another outlet', relinked(both, 'RoleLanes', 0, 1), 'in and its outlets disagree'],
    ['an outlet that is not a lane', relinked(both, 'RoleLanes', 0, 99), 'in and its outlets disagree'],
    ['another inlet', relinked(both, 'RoleLanes', 1, 1), 'a and its inlets disagree'],
    ['another reader', relinked(both, 'LaneReaders', 0, 5), 'a and its inlets disagree'],
    ['a lane from nobody', patched(both, 'Lanes', 'a->b', 'writer', 99), 'router:a and its outlets disagree'],
    ['a reader twice', relinked(shared, 'LaneReaders', 2, shared.lanes[1]?.readers[0] ?? 0), 'a reader stands twice'],
    ['an unknown lane kind', patched(both, 'Lanes', 0, 'kind', 7), 'unknown lane kind 7'],
    ['an unknown on_full', patched(both, 'Lanes', 0, 'on_full', 7), 'unknown on_full 7'],
    ['unknown flags', patched(both, 'Lanes', 0, 'flags', 4), 'unknown flags in 4'],
    ['two readers of an Events lane', patched(both, 'Lanes', 0, 'reader_count', 2), 'reader_count is 2, expected 1…1'],
    ['a lane nobody reads', patched(shared, 'Lanes', 1, 'reader_count', 0), 'reader_count is 0, expected 1…16'],
    ['a shared lane that drops', patched(shared, 'Lanes', 1, 'on_full', 1), 'a shared lane cannot drop'],
    ['an author’s lane that is inserted', patched(both, 'Lanes', 0, 'flags', Inserted), 'those without a connection'],
    ['an inserted lane that drops', patched(both, 'Lanes', 5, 'on_full', 1), 'an inserted lane cannot drop'],
    [
      'an inserted lane of another kind',
      withLane(both, 'a->router:a', { kind: 'SequencedSlots', capacityRecords: 1 }),
      'an inserted lane is Events',
    ],
    [
      'an inserted lane with a capacity',
      patched(both, 'Lanes', 5, 'capacity_bytes', 64),
      'the capacity of an inserted lane',
    ],
    [
      'connections out of order',
      patched(both, 'Lanes', 1, 'connection', 0),
      'connection is 0, expected 1…4095 or none',
    ],
    [
      'an author’s lane behind inserted ones',
      withLane(both, 'merge:out->out', { connection: 9, inserted: false }),
      'connection is 9, expected 4097…4095',
    ],
    [
      'a capacity below the least',
      patched(both, 'Lanes', 0, 'capacity_bytes', 63),
      'capacity_bytes is 63, expected 64…',
    ],
    [
      'bytes of a lane of slots',
      patched(both, 'Lanes', 1, 'capacity_bytes', 64),
      'capacity_bytes is 64, but 0 follows',
    ],
    [
      'slots of a lane of frames',
      patched(both, 'Lanes', 0, 'capacity_records', 1),
      'capacity_records is 1, but 0 follows',
    ],
    ['no slots', patched(both, 'Lanes', 1, 'capacity_records', 0), 'capacity_records is 0, expected 1…'],
    ['a journal that is never synced', patched(journal, 'Lanes', 'split->keep', 'fsync', 0), 'unknown fsync 0'],
    [
      'an interval of nothing',
      patched(journal, 'Lanes', 'split->keep', 'fsync_interval_ms', 0),
      'fsync_interval_ms is 0, expected 1…',
    ],
    [
      'an interval that is not asked for',
      patched(straight, 'Lanes', 'a->b', 'fsync_interval_ms', 1),
      'fsync_interval_ms is 1, but 0',
    ],
    ['fsync of an Events lane', patched(both, 'Lanes', 0, 'fsync', 1), 'fsync is 1, but 0 follows'],
    ['retention of an Events lane', patched(both, 'Lanes', 0, 'retain_ms', 1), 'retain_ms is 1, but 0 follows'],
    [
      'a tiny segment',
      patched(journal, 'Lanes', 'split->keep', 'segment_bytes', 1),
      'segment_bytes is 1, expected 4096…',
    ],
    ['a lane’s foreign codec', patched(both, 'Lanes', 0, 'codec', 1), 'codec is 1, but 0 follows from the rest'],
    [
      'a lane’s foreign struct',
      patched(keyed, 'Lanes', 'in-a->x', 'record_bytes', 8),
      'record_bytes is 8, but 16 follows',
    ],
    [
      'a watermark that leads nowhere',
      patched(order, 'Lanes', 'c->tally', 'flags', Watermarked),
      'c->tally does not lead to an Ordered merge',
    ],
    ['a missing watermark', patched(order, 'Lanes', 'in->a', 'flags', 0), 'in->a leads to an Ordered merge'],
    ['a merge that loses the order', patched(order, 'Roles', 'merge:join', 'policy', 4), 'merge:join loses the order'],
    ['a field behind the record', patched(keyed, 'Keys', 0, 'offset', 9), 'a field key ends behind the record'],
    ['a counted field behind the record', countingAt(16), 'a field key ends behind the record'],
    ['any number of records for one before an order', emitting(0), 'emits any number of records for one'],
    ['more records for one than an ordinal can tell apart', emitting(2 ** 24), 'bits of an ordinal'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSpec(bytes)).toThrow(SpecError);
    expect(() => decodeSpec(bytes)).toThrow(message);
  });

  it('refuses to restore the order of two ingresses', () => {
    const roles = keyed.roles.map((role) => (role.id === 'merge:x' ? { ...role, policy: 'Ordered' as const } : role));
    const upstream = new Set(['in-a->x', 'in-b->x', 'in-a->router:in-a']);
    const lanes = keyed.lanes.map((lane) => ({ ...lane, watermarked: upstream.has(lane.id) }));
    expect(() => decodeSpec(encodeSpec({ ...keyed, roles, lanes }))).toThrow(
      'merge:x restores the order of 2 ingresses',
    );
  });

  it('refuses a router that meets another kind than Events, and a bridge that bridges nothing', () => {
    const slots = { kind: 'SequencedSlots', capacityRecords: 1 } as const;
    expect(() => decodeSpec(withLane(both, 'a->b', slots))).toThrow(
      'router:a meets a lane of another kind than Events',
    );
    const events = { kind: 'Events', capacityRecords: 0 } as const;
    expect(() => decodeSpec(withLane(both, 'b->out', events))).toThrow('bridge:b:out bridges nothing');
  });

  it('refuses an egress that reads a journal itself', () => {
    const kept = { kind: 'Journal', fsync: 'None', capacityBytes: 0, capacityRecords: 0 } as const;
    expect(() => decodeSpec(withLane(straight, 'c->out', kept))).toThrow('out reads a journal without a relay');
  });

  it('refuses a stage of JavaScript that reads a journal itself', () => {
    const kept = { kind: 'Journal', fsync: 'None', capacityBytes: 0, capacityRecords: 0 } as const;
    const hosted = (spec: GraphSpec): GraphSpec => ({
      ...spec,
      stages: spec.stages.map((stage) =>
        stage.id === 'c'
          ? { ...stage, op: 'Js', fails: true, headroom: 0, tailroom: 0, config: { name: 'c', emits_max: 0 } }
          : stage,
      ),
    });
    expect(() => decodeSpec(withLane(straight, 'b->c', kept))).not.toThrow();
    expect(() => decodeSpec(encodeSpec(hosted(straight)))).not.toThrow();
    expect(() => decodeSpec(withLane(hosted(straight), 'b->c', kept))).toThrow('c reads a journal without a relay');
  });

  it('refuses records that flow to an earlier role', () => {
    const swap = (role: number): number => (role === 2 ? 3 : role === 3 ? 2 : role);
    const [first, second, third, ...rest] = straight.roles as [never, never, never];
    const roles = [first, second, ...rest.slice(0, 1), third, ...rest.slice(1)] as GraphSpec['roles'];
    const stages = [straight.stages[0], straight.stages[2], straight.stages[1]] as GraphSpec['stages'];
    const lanes = straight.lanes.map((lane) => ({
      ...lane,
      writer: swap(lane.writer),
      readers: lane.readers.map(swap),
    }));
    const turned = roles.map((role, at) =>
      at === 2 ? { ...role, index: 1 } : at === 3 ? { ...role, index: 2 } : role,
    );
    expect(() => decodeSpec(encodeSpec({ ...straight, roles: turned, stages, lanes }))).toThrow('b->c flows to role 2');
  });

  it('refuses boundaries and stages that are no role', () => {
    const extra = { ...both, stages: [...both.stages, { ...both.stages[0], id: 'more' }] } as GraphSpec;
    expect(() => decodeSpec(encodeSpec(extra))).toThrow('roles for 2 of 2 boundaries and 3 of 4 stages');
  });

  it('refuses a wrong name of an inserted lane, and two lanes of one name', () => {
    const names = /a->router:b should be a->router:a/;
    expect(() => decodeSpec(withLane(both, 'a->router:a', { id: 'a->router:b' }))).toThrow(names);
    expect(() => decodeSpec(withLane(both, 'a->b', { id: 'in->a' }))).toThrow('the lane in->a stands twice');
  });

  it('refuses every prefix of a valid buffer with a SpecError', () => {
    const bytes = encodeSpec(order);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeSpec(bytes.slice(0, length))).toThrow(SpecError);
  });

  it('answers any change of one byte with a SpecError or another spec, never with anything else', () => {
    const original = encodeSpec(both);
    for (let at = 0; at < original.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const bytes = original.slice();
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          decodeSpec(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SpecError);
        }
      }
    }
  });
});
