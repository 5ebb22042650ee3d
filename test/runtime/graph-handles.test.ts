import { describe, expect, test } from 'vitest';
import { NativeEvent } from '../../lib/abi/addon.js';
import { ConsumerBlock, JournalBlock, ProducerBlock } from '../../lib/abi/definition.js';
import { graphEnds } from '../../lib/channel/graph-ends.js';
import { ShardConsumer } from '../../lib/channel/shard-consumer.js';
import { ShardProducer } from '../../lib/channel/shard-producer.js';
import {
  ClosedError,
  DeadlineError,
  PipelineFailedError,
  PortError,
  RecordTooLargeError,
  UsageError,
} from '../../lib/error/errors.js';
import type { PollHandle } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import type { BoundaryEntry } from '../../lib/plan/document.js';
import { GraphRegion, type GraphShape, type LaneShape, LINE, loop } from './lanes.js';
import { PlayedGraph } from './played-graph.js';
import { text } from './rings.js';

const utf8 = (id: string, kind: 'ingress' | 'egress'): BoundaryEntry => ({ id, kind, codec: 'utf8' });
const ENDS = [utf8('in', 'ingress'), utf8('out', 'egress')];

const line = (lane: Partial<LaneShape> = {}): GraphShape => ({
  ...LINE,
  lanes: LINE.lanes.map((one, index) => (index === 0 ? { ...one, ...lane } : one)),
});

const ingressOf = (played: PlayedGraph, id = 'in'): PushHandle<string> =>
  played.pipeline.ingress(id as never) as unknown as PushHandle<string>;
const egressOf = (played: PlayedGraph, id = 'out'): PollHandle<string> =>
  played.pipeline.egress(id as never) as unknown as PollHandle<string>;

describe.each([
  ['in place', false],
  ['over copies', true],
] as const)('handles over lanes of frames, %s', (_, copies) => {
  test('push into one lane and poll out of another', async () => {
    const played = new PlayedGraph(line(), ENDS, { copies });
    const [ingress, egress] = [ingressOf(played), egressOf(played)];
    expect(ingress.tryPushBatch(['one', 'two', 'three'])).toBe(3);
    expect(played.read(0)).toEqual([]);
    ingress.flush();
    const records = played.read(0);
    expect(records.map(({ bytes }) => text(bytes))).toEqual(['one', 'two', 'three']);
    for (const record of records) played.write(1, record);
    const seen: [string, number][] = [];
    egress.pollInPlace((cursor) => {
      seen.push([text(cursor.bytes.subarray(cursor.offset, cursor.offset + cursor.length)), cursor.sequence]);
    });
    expect(seen).toEqual([
      ['one', 0],
      ['two', 1],
      ['three', 2],
    ]);
    expect(played.pipeline.ledger().boundaries).toMatchObject({
      in: { published: 3, bytes: 11 },
      out: { in: 3, out: 3 },
    });
    ingress.close();
    expect(played.closed).toEqual(['in']);
    played.end();
    const ledger = await played.pipeline.stop();
    expect(ledger.imbalances).toEqual([]);
  });

  test('wait for room and for records, and are woken', async () => {
    const played = new PlayedGraph(line({ capacity: 64 }), ENDS, { copies });
    const [ingress, egress] = [ingressOf(played), egressOf(played)];
    const pushing = ingress.pushBatch(Array.from({ length: 40 }, (_value, i) => `${i}`));
    const polling = (async () => {
      const seen: string[] = [];
      for await (const record of egress) {
        seen.push(record);
        if (seen.length === 40) break;
      }
      return seen;
    })();
    for (let moved = 0; moved < 40; await new Promise((resolve) => setImmediate(resolve)))
      for (const record of played.read(0, 1)) {
        expect(played.write(1, record)).toBe(true);
        moved++;
      }
    expect(await pushing).toBe(40);
    expect(await polling).toEqual(Array.from({ length: 40 }, (_value, i) => `${i}`));
    expect(ingress.free).toBeGreaterThan(0);
  });

  test('give a claim in the lane itself, and take back what is not published', () => {
    const played = new PlayedGraph(line(), ENDS, { copies });
    const ingress = ingressOf(played);
    const writer = ingress.claim(5);
    writer?.buffer.write('hello', writer.offset, 'utf8');
    ingress.abort();
    const again = ingress.claim(8);
    again?.buffer.write('good bye', again.offset, 'utf8');
    if (again !== undefined) again.flags = 2;
    ingress.publish(4);
    ingress.flush();
    expect(played.read(0).map(({ bytes, flags }) => [text(bytes), flags])).toEqual([['good', 2]]);
  });

  test('drop what finds no room, and count it', async () => {
    const played = new PlayedGraph(line({ capacity: 64, drop: true }), ENDS, { copies });
    const ingress = ingressOf(played);
    expect(['a', 'b', 'c'].map((record) => ingress.tryPush(record))).toEqual(['OK', 'OK', 'DROPPED']);
    expect(await ingress.push('d')).toBe('DROPPED');
    expect(await ingress.push('e', { deadline: 1000 })).toBe('DROPPED');
    expect(await ingress.pushBatch(['f', 'g'])).toBe(0);
    expect(ingress.tryPushBatch(['h', 'i'])).toBe(2);
    expect(ingress.lastStatus).toBe('DROPPED');
    expect(ingress.claim(1)).toBeUndefined();
    expect(ingress.lastStatus).toBe('DROPPED');
    expect(ingress.tryPush('a record of more than sixteen bytes')).toBe('TOO_LARGE');
    await expect(ingress.push('another of more than sixteen bytes')).rejects.toThrow(RecordTooLargeError);
    expect(played.read(0)).toHaveLength(2);
    expect(await ingress.push('j')).toBe('OK');
    ingress.flush();
    expect(played.read(0).map(({ bytes }) => text(bytes))).toEqual(['j']);
    expect(played.pipeline.ledger().lanes['in->pass']).toMatchObject({
      written: 13,
      published: 3,
      dropped: { full: 8, too_large: 2 },
      read: { pass: 3 },
      in_flight: { pass: 0 },
    });
    expect(played.pipeline.ledger().boundaries.in).toMatchObject({ published: 3, dropped: 8, too_large: 2 });
  });

  test('drop no chunk of a stream twice', async () => {
    const played = new PlayedGraph(line({ capacity: 64, drop: true }), ENDS, { copies });
    const writable = ingressOf(played).writable();
    for (let i = 0; i < 5; i++) writable.write(`${i}`);
    await new Promise((resolve) => writable.end(resolve));
    expect(played.pipeline.ledger().boundaries.in).toMatchObject({ published: 2, dropped: 3 });
  });
});

describe('an ingress that writes a journal', () => {
  const journal = (): { played: PlayedGraph; ingress: PushHandle<string> } => {
    const played = new PlayedGraph(line({ kind: 'Journal' }), ENDS);
    played.graph.journal(0, { opened_at: 100, durable: 100, appended: 100 });
    return { played, ingress: ingressOf(played) };
  };
  const durable = (played: PlayedGraph, sequence: number): void => {
    played.graph.journal(0, { durable: sequence, durable_armed: 0 });
    played.pipeline.onEvent(NativeEvent.Durable);
  };

  test('says how far it is and waits until everything pushed is as durable as promised', async () => {
    const { played, ingress } = journal();
    ingress.tryPushBatch(['a', 'b', 'c']);
    expect([ingress.durable, ingress.journalNext]).toEqual([100, 100]);
    let settled = false;
    const waiting = ingress.untilDurable().finally(() => {
      settled = true;
    });
    expect(ingress.journalNext).toBe(103);
    durable(played, 102);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    durable(played, 103);
    expect(await waiting).toBe(103);
    expect(await ingress.untilDurable()).toBe(103);
    expect(ingress.durable).toBe(103);
  });

  test('blames the agent of its files when they are what holds it up', () => {
    const shape = line({ kind: 'Journal', capacity: 64 });
    const journal = { id: 'in->pass', kind: 'Journal', inlets: [0] } as const;
    const played = new PlayedGraph({ ...shape, roles: [...shape.roles, journal] }, ENDS);
    ingressOf(played).tryPushBatch(['a', 'b', 'c']);
    played.read(0);
    expect(ingressOf(played).tryPush('d')).toBe('FULL');
    const [ingress] = played.pipeline.snapshot().agents;
    expect(ingress).toMatchObject({ state: 'Stalled', blame: 'in -> in->pass' });
  });

  test('arms its cell before it sleeps', async () => {
    const { played, ingress } = journal();
    ingress.tryPush('a');
    const waiting = ingress.untilDurable();
    expect(played.graph.region.u32(played.graph.lane(0).journalAt + JournalBlock.offset.durable_armed)).toBe(1);
    durable(played, 101);
    await waiting;
  });

  test('acknowledges nothing that a pipeline which ended did not write', async () => {
    const { played, ingress } = journal();
    ingress.tryPush('a');
    const waiting = ingress.untilDurable();
    played.end();
    await expect(waiting).rejects.toThrow(ClosedError);
    await expect(waiting).rejects.toThrow('1 of the records pushed to "in" are not durable');
  });

  test('acknowledges what was written before the end', async () => {
    const { played, ingress } = journal();
    ingress.tryPush('a');
    ingress.close();
    const waiting = ingress.untilDurable();
    played.graph.journal(0, { durable: 101 });
    played.pipeline.halt();
    expect(await waiting).toBe(101);
  });

  test('gives the failure where there was one', async () => {
    const { played, ingress } = journal();
    ingress.tryPush('a');
    const waiting = ingress.untilDurable();
    played.graph.fail(1, 7, 'no space left on the device');
    played.end();
    await expect(waiting).rejects.toThrow(PipelineFailedError);
    await expect(waiting).rejects.toThrow('"pass" failed at sequence 7: no space left on the device');
  });

  test('ends a wait at its deadline, by a signal, and when it is given back', async () => {
    const { ingress } = journal();
    ingress.tryPush('a');
    await expect(ingress.untilDurable({ deadline: 1 })).rejects.toThrow(DeadlineError);
    await expect(ingress.untilDurable({ deadline: 1 })).rejects.toThrow('1 records are not durable yet');
    const waiting = ingress.untilDurable();
    ingress.release();
    await expect(waiting).rejects.toThrow(ClosedError);
  });

  test('is the only one that knows what is durable', async () => {
    const ingress = ingressOf(new PlayedGraph(line(), ENDS));
    expect([ingress.durable, ingress.journalNext]).toEqual([undefined, undefined]);
    await expect(ingress.untilDurable()).rejects.toThrow(UsageError);
  });
});

const TWO: GraphShape = {
  roles: [
    { id: 'left', kind: 'Ingress', outlets: [0] },
    { id: 'right', kind: 'Ingress', outlets: [1] },
    { id: 'files', kind: 'Ingress', native: true, outlets: [2] },
    { id: 'merge:out', kind: 'Merge', inlets: [0, 1, 2], outlets: [3] },
    { id: 'copy', kind: 'Stage', inlets: [3], outlets: [4] },
    { id: 'a', kind: 'Egress', inlets: [4] },
    { id: 'b', kind: 'Egress', inlets: [4] },
    { id: 'c', kind: 'Egress', native: true, inlets: [4] },
  ],
  lanes: [
    { id: 'left->copy', writer: 0, readers: [3] },
    { id: 'right->copy', writer: 1, readers: [3] },
    { id: 'files->copy', writer: 2, readers: [3] },
    { id: 'merge:copy->copy', writer: 3, readers: [4], inserted: true },
    { id: 'copy->a,b,c', kind: 'FanoutBroadcast', writer: 4, readers: [5, 6, 7] },
  ],
};
const TWO_ENDS = [
  utf8('left', 'ingress'),
  utf8('right', 'ingress'),
  utf8('files', 'ingress'),
  utf8('a', 'egress'),
  utf8('b', 'egress'),
  utf8('c', 'egress'),
];

describe('a graph with several boundaries', () => {
  test('has a handle for each that JavaScript runs, over its own lane', () => {
    const played = new PlayedGraph(TWO, TWO_ENDS);
    ingressOf(played, 'left').tryPush('l');
    ingressOf(played, 'right').tryPush('r');
    for (const id of ['left', 'right']) ingressOf(played, id).flush();
    expect([0, 1].map((lane) => played.read(lane).map(({ bytes }) => text(bytes)))).toEqual([['l'], ['r']]);
    played.write(4, { bytes: Buffer.from('x'), flags: 0 });
    const seen: string[] = [];
    for (const id of ['a', 'b']) egressOf(played, id).poll((record) => seen.push(`${id} ${record}`));
    expect(seen).toEqual(['a x', 'b x']);
    expect(() => ingressOf(played, 'files')).toThrow(PortError);
    expect(() => egressOf(played, 'c')).toThrow('egress "c" is run by an adapter or discarded');
  });

  test('closes each ingress alone, and all of them when it is stopped', async () => {
    const played = new PlayedGraph(TWO, TWO_ENDS);
    ingressOf(played, 'left').close();
    expect(played.closed).toEqual(['left']);
    expect(played.pipeline.state).toBe('running');
    expect(ingressOf(played, 'right').tryPush('x')).toBe('OK');
    const stopping = played.pipeline.stop({ deadline: 1 });
    expect(played.closed).toEqual(['left', 'right']);
    // The native source has to be asked.
    expect(played.calls).toContain('requestClose');
    expect(ingressOf(played, 'right').tryPush('y')).toBe('CLOSED');
    await stopping;
  });

  test('has ended when every egress of JavaScript has taken everything, and not before', async () => {
    const played = new PlayedGraph(TWO, TWO_ENDS);
    played.write(4, { bytes: Buffer.from('x'), flags: 0 });
    let settled = false;
    const finishing = played.pipeline.finished().finally(() => {
      settled = true;
    });
    played.end();
    egressOf(played, 'a').poll(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    egressOf(played, 'b').poll(() => {});
    await finishing;
    expect(played.calls).toContain('halt');
  });
});

describe('a SequencedSlots lane', () => {
  test('is written and read by the ends of a shard, over its exact capacity', () => {
    const graph = new GraphRegion(loop({ kind: 'SequencedSlots', capacity: 5 }, { sequence: 2 ** 32 - 3 }));
    const ends = graphEnds(graph.native(), graph.border('in place'), graph.region);
    const { producers, roomWords } = ends.push('in', 0);
    const [producer, consumer] = [producers[0] as ShardProducer, ends.poll('out')[0] as ShardConsumer];
    expect([producer, consumer].map((end) => end.constructor)).toEqual([ShardProducer, ShardConsumer]);
    let next = 0;
    const put = (): boolean => {
      const at = producer.claim(3);
      if (at < 0) return false;
      producer.memory.bytes.fill(next++, at, at + 3);
      producer.commit(3, 1);
      return true;
    };
    const { producerAt, readers } = graph.lane();
    for (let round = 0, seen = 0; round < 8; round++) {
      let count = 0;
      while (put()) count++;
      expect(count).toBe(5);
      expect(roomWords()).toBe('0 of 5 slots are free');
      producer.publish();
      // A native writer would have moved its cursor, a native reader its sequence.
      const low = graph.view.getUint32(producerAt + ProducerBlock.offset.cell, true);
      graph.producer(0, { cursor: low });
      expect(ends.taken()).toBe(false);
      expect(consumer.refresh()).toBe(true);
      while (consumer.advance()) {
        expect(consumer.memory.bytes[consumer.at]).toBe(seen++ % 256);
        expect([consumer.length, consumer.flags]).toEqual([3, 1]);
      }
      consumer.release();
      const released = graph.view.getUint32((readers[0]?.at ?? 0) + ConsumerBlock.offset.cell, true);
      graph.consumer(0, 0, { sequence: released });
      expect(released).toBe(low);
      expect(ends.taken()).toBe(true);
    }
  });

  test.each(['in place', 'copies'] as const)('of structs has the structs for slots (%s)', (border) => {
    const shape = loop({ kind: 'SequencedSlots', capacity: 3, structBytes: 12 }, { sequence: 2 ** 32 - 2 });
    const graph = new GraphRegion(shape);
    const ends = graphEnds(graph.native(), graph.border(border), graph.region);
    const producer = ends.push('in', 12).producers[0] as ShardProducer;
    const consumer = ends.poll('out')[0] as ShardConsumer;
    expect([producer.fixed, producer.stride, consumer.recordBytes]).toEqual([true, 16, 12]);
    const { producerAt, readers } = graph.lane();
    const seen: number[] = [];
    for (let next = 0; next < 20; ) {
      for (; ; next++) {
        const at = producer.claim(12);
        if (at < 0) break;
        producer.memory.bytes.fill(next, at, at + 12);
        producer.commit(12, 0);
      }
      producer.publish();
      graph.producer(0, { cursor: graph.view.getUint32(producerAt + ProducerBlock.offset.cell, true) });
      expect(consumer.refresh()).toBe(true);
      while (consumer.advance()) {
        const { at, length } = consumer;
        expect(new Set(consumer.memory.bytes.subarray(at, at + length)).size).toBe(1);
        seen.push(consumer.memory.bytes[at] as number);
      }
      consumer.release();
      const released = graph.view.getUint32((readers[0]?.at ?? 0) + ConsumerBlock.offset.cell, true);
      graph.consumer(0, 0, { sequence: released });
      expect(seen.length).toBe(next);
    }
    expect(seen).toEqual(seen.map((_, index) => index));
  });
});
