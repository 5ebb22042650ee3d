import { describe, expect, it } from 'vitest';
import { type GraphSizesAsked, planGraphMemory, planLanes } from '../../lib/layout/graph-memory.js';
import type { LaneMemory } from '../../lib/layout/places.js';
import { lower } from '../../lib/lower/index.js';
import type { Lane } from '../../lib/plan/document.js';
import { byKey, graph, kept, line, ordered, orders } from '../lower/graphs.js';

describe('planLanes', () => {
  it('takes the stated defaults: slots with an arena, frames of a mebibyte, what the plan says', () => {
    const facts = planLanes(lower(line)).map(({ id, capacity, recordMax, slotCount, dataBytes, stampCount }) => {
      return [id, capacity, recordMax, slotCount, dataBytes, stampCount];
    });
    expect(facts).toEqual([
      ['in->a', 64, 524_272, 64, 2 ** 20, 1],
      ['a->b', 2 ** 20, 524_272, 0, 2 ** 20, 64],
      ['b->c', 2 ** 20, 524_272, 0, 2 ** 20, 64],
      // Half of what the author said, a multiple of eight, without a frame's header.
      ['c->out', 5000, 2480, 0, 8192, 1],
    ]);
  });

  it('gives lanes the room that the largest record needs with what ops add to it', () => {
    const writer = { a: { op: 'append', config: { text: '12345678' } } };
    const plan = lower(graph('p', [['in -> a'], ['a -> out', 'SequencedSlots']], { ops: writer }));
    const asked = planLanes(plan, { recordMax: 2 ** 20 });
    expect(asked.map(({ recordMax, dataBytes }) => [recordMax, dataBytes])).toEqual([
      [2 ** 20, 2 ** 22],
      [2 ** 20 + 8, 2 ** 22],
    ]);
    // Nothing asked for: the largest record still passes with all that is added to it.
    expect(planLanes(plan).map(({ recordMax }) => recordMax)).toEqual([524_264, 524_272]);
  });

  it('has room for the struct of an ingress, whatever lanes have by default', () => {
    const lanes = planLanes(lower(byKey), { laneBytes: 64 });
    // Sixteen bytes are a slot; they are a frame, with two more, behind an op that appends two.
    expect([lanes[0], lanes[4]]).toMatchObject([
      { id: 'in-a->x', recordMax: 16, capacity: 4 },
      { id: 'y->out-y', recordMax: 18, capacity: 128 },
    ]);
    expect(() => planLanes(lower(byKey), { recordMax: 15 })).toThrow(
      new RangeError('recordMax is 15; give an integer from 16 to 536870912'),
    );
  });

  it('gives structs slots in every lane but a journal, as many as the bytes that were asked for hold', () => {
    const sized = (lane: Lane, asked: GraphSizesAsked = {}) => {
      const plan = graph('p', [['in -> a', lane], ['a -> out']], { ends: { in: { codec: orders } } });
      const { capacity, slotCount, fixed, dataBytes } = planLanes(lower(plan), asked)[0] as LaneMemory;
      return { capacity, slotCount, fixed, dataBytes };
    };
    const events = (capacity_bytes: number): Lane => ({ kind: 'Events', capacity_bytes });
    expect(sized(events(4095))).toEqual({ capacity: 255, slotCount: 256, fixed: true, dataBytes: 4096 });
    expect(sized(events(64))).toEqual({ capacity: 4, slotCount: 4, fixed: true, dataBytes: 64 });
    expect(sized({ kind: 'Events' }, { laneBytes: 64 })).toMatchObject({ capacity: 4, fixed: true });
    expect(sized({ kind: 'Journal' }, { laneBytes: 4096 })).toMatchObject({ capacity: 4096, fixed: false });
  });

  it.each<[GraphSizesAsked, string]>([
    [{ laneBytes: 63 }, 'laneBytes is 63; give an integer from 64 to 1073741824'],
    [{ recordMax: 0 }, 'recordMax is 0; give an integer from 1 to 536870912'],
    [
      { recordMax: 2 ** 29 },
      "recordMax is 536870912; with what this plan's ops add, lane a->b would need more than 1073741824 bytes",
    ],
  ])('refuses %j', (asked, message) => {
    expect(() => planLanes(lower(line), asked)).toThrow(new RangeError(message));
  });
});

describe('planGraphMemory', () => {
  it('lists every table, in the order of the region, and its sum is the whole', () => {
    const { rows, totalBytes, beside, mappedBytes } = planGraphMemory(lower(ordered));
    expect(rows.map(({ table }) => table)).toEqual([
      'header',
      'agents',
      'threads',
      'lanes',
      'producers',
      'consumers',
      'lists',
      'texts',
      'stamps',
      'histograms',
      'frames',
      'slots',
      'ordinals',
      'arenas',
      'padding',
    ]);
    expect(rows.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(totalBytes);
    expect([beside, mappedBytes]).toEqual([[], totalBytes]);
    const keyed = planGraphMemory(lower(byKey));
    expect(keyed.beside).toMatchObject([{ table: 'key tables', count: 1 }]);
    expect(keyed.mappedBytes).toBeGreaterThan(keyed.totalBytes);
  });

  it('counts the agent of a journal’s files, and its blocks', () => {
    const { rows } = planGraphMemory(lower(line));
    const countOf = (table: string) => rows.find((row) => row.table === table)?.count;
    expect([countOf('agents'), countOf('journals'), countOf('consumers')]).toEqual([6, 1, 5]);
  });

  it('counts the thread of a journal’s files where no number of threads is given', () => {
    expect([planGraphMemory(lower(byKey)).threads, planGraphMemory(lower(kept)).threads]).toEqual([2, 4]);
  });

  it('counts the relay of a journal that an egress reads', () => {
    const { lanes, rows } = planGraphMemory(lower(kept));
    expect(lanes.map(({ id }) => id).filter((id) => id.startsWith('relay:'))).toEqual([
      'relay:a->out->out',
      'relay:b->out-b->out-b',
    ]);
    // In, a, b, two egresses, a router, a bridge, two relays, and the files of three journals.
    expect(rows.find(({ table }) => table === 'agents')?.count).toBe(12);
  });
});
