import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConsumerBlock, FRAME_PADDING, ProducerBlock, ThreadBlock } from '../../lib/abi/definition.js';
import { FrameConsumer } from '../../lib/channel/frame-consumer.js';
import { FrameProducer, frameBytes } from '../../lib/channel/frame-producer.js';
import { type LaneReader, RegionError } from '../../lib/region/region.js';
import { GraphRegion, type GraphShape, type LaneShape, loop, SAMPLED } from './lanes.js';

type Kind = 'in place' | 'copies';
const BORDERS = ['in place', 'copies'] as const;
const POSITIONS = [0, 2 ** 31 - 64, 2 ** 32 - 64, 2 ** 33 - 32] as const;

interface Ends {
  readonly graph: GraphRegion;
  readonly producer: FrameProducer;
  readonly consumer: FrameConsumer;
}

function endsOf(shape: GraphShape, kind: Kind = 'in place'): Ends {
  const graph = new GraphRegion(shape);
  const border = graph.border(kind);
  const lane = graph.lane();
  const reader = lane.readers[0] as LaneReader;
  return {
    graph,
    producer: new FrameProducer(graph.native(), border, graph.region, lane),
    // An end of its own thread: with copies, it has a copy of its own.
    consumer: new FrameConsumer(graph.native(), graph.border(kind), graph.region, lane, reader),
  };
}

/** Commits a record of `length` bytes that all hold `byte`; false while there is no room. */
function put({ producer }: Ends, length: number, byte: number, flags = 0): boolean {
  const at = producer.claim(length);
  if (at < 0) return false;
  producer.memory.bytes.fill(byte, at, at + length);
  producer.commit(length, flags);
  return true;
}

interface Taken {
  readonly length: number;
  readonly byte: number;
  readonly flags: number;
}

/** What the consumer shows, checked to be of one byte all over. */
function shown({ consumer }: Ends): Taken {
  const { at, length, flags, memory } = consumer;
  const record = memory.bytes.slice(at, at + length);
  expect(new Set(record).size).toBeLessThanOrEqual(1);
  return { length, byte: record[0] ?? 0, flags };
}

function takeAll(ends: Ends): Taken[] {
  const taken: Taken[] = [];
  while (ends.consumer.refresh()) while (ends.consumer.advance()) taken.push(shown(ends));
  return taken;
}

/** Walks frames by the words of the definition alone. */
function framesOf(
  graph: GraphRegion,
  from: number,
  to: number,
): { ordinal: number; length: number; position: number }[] {
  const { dataAt, memoryBytes } = graph.lane();
  const found = [];
  for (let position = from; position < to; ) {
    const at = dataAt + (position % memoryBytes);
    const length = graph.view.getUint32(at, true);
    if (graph.view.getUint32(at + 4, true) === FRAME_PADDING) {
      expect((position + length) % memoryBytes).toBe(0);
      position += length;
      continue;
    }
    found.push({ position, length, ordinal: Number(graph.view.getBigUint64(at + 8, true)) });
    position += 16 + Math.ceil(length / 8) * 8;
  }
  return found;
}

const commands = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('put' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('publish' as const, 'take' as const, 'takeButLast' as const) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rollBack' as const) }) },
  ),
  { maxLength: 200 },
);

/** The lane as plain arrays and unbounded numbers. */
class Model {
  readonly #capacity: number;
  readonly #memory: number;
  head: number;
  published: number;
  tail: number;
  pending: Taken[] = [];
  ready: { readonly taken: Taken; readonly end: number }[] = [];
  pendingEnds: number[] = [];

  constructor(capacity: number, position: number) {
    this.#capacity = capacity;
    this.#memory = 2 ** Math.ceil(Math.log2(capacity));
    this.head = position;
    this.published = position;
    this.tail = position;
  }

  put(taken: Taken): boolean {
    const need = 16 + Math.ceil(taken.length / 8) * 8;
    const toWrap = this.#memory - (this.head % this.#memory);
    const start = need > toWrap ? this.head + toWrap : this.head;
    if (start + need - this.tail > this.#capacity) return false;
    this.head = start + need;
    this.pending.push(taken);
    this.pendingEnds.push(this.head);
    return true;
  }

  publish(): void {
    for (const [i, taken] of this.pending.entries()) this.ready.push({ taken, end: this.pendingEnds[i] as number });
    this.published = this.head;
    this.forget();
  }

  rollBack(): void {
    this.head = this.published;
    this.forget();
  }

  take(): void {
    this.tail = this.ready.at(-1)?.end ?? this.tail;
    this.ready = [];
  }

  private forget(): void {
    this.pending = [];
    this.pendingEnds = [];
  }
}

describe.each(BORDERS)('a lane of frames, %s', (kind) => {
  test('gives what a plain array gives, whatever its size and wherever it begins', () => {
    const setup = fc.record({
      capacity: fc.constantFrom(64, 72, 100, 128, 200, 1000, 1024),
      position: fc.constantFrom(...POSITIONS),
      sequence: fc.constantFrom(0, 2 ** 32 - 5, 2 ** 40),
      commands,
    });
    fc.assert(
      fc.property(setup, ({ capacity, position, sequence, commands: list }) => {
        const ends = endsOf(loop({ capacity }, { position, sequence }), kind);
        const { producer, consumer } = ends;
        const model = new Model(capacity, position);
        let byte = 0;
        const bounds: [number, number] = [0, 0];
        for (const command of list) {
          if (command.do === 'put') {
            byte = (byte % 255) + 1;
            const length = Math.round(command.share * producer.recordMax);
            const taken = { length, byte: length === 0 ? 0 : byte, flags: byte & 3 };
            expect(put(ends, length, byte, byte & 3)).toBe(model.put(taken));
          } else if (command.do === 'publish') {
            expect(producer.publish()).toBe(model.pending.length > 0);
            bounds[0] += model.pending.length;
            bounds[1] += model.pending.reduce((sum, { length }) => sum + length, 0);
            model.publish();
          } else if (command.do === 'rollBack') {
            producer.rollBack();
            model.rollBack();
          } else {
            expect(takeAll(ends)).toEqual(model.ready.map(({ taken }) => taken));
            if (command.do === 'takeButLast') {
              consumer.releaseButLast();
              expect(released(ends)).toBe((model.ready.at(-2)?.end ?? model.tail) % 2 ** 32);
            }
            consumer.release();
            model.take();
            expect(released(ends)).toBe(model.tail % 2 ** 32);
          }
        }
        const { offset } = ProducerBlock;
        const at = graph(ends).lane().producerAt;
        expect(graph(ends).f64(at + offset.published)).toBe(bounds[0]);
        expect(graph(ends).f64(at + offset.bytes)).toBe(bounds[1]);
        expect(graph(ends).f64(at + offset.next)).toBe(sequence + bounds[0]);
      }),
      { numRuns: 400 },
    );
  });

  test.each(POSITIONS)('numbers its records in their headers, from position %i on', (position) => {
    const ends = endsOf(loop({ capacity: 256 }, { position, sequence: 2 ** 32 - 3 }), kind);
    let from = position;
    let expected = 2 ** 32 - 3;
    for (let round = 0; round < 20; round++) {
      let head = from;
      while (put(ends, (round * 7) % 60, 1)) {}
      ends.producer.publish();
      const low = graph(ends).view.getUint32(graph(ends).lane().producerAt + ProducerBlock.offset.cell, true);
      head += (low - (from % 2 ** 32)) | 0;
      for (const { ordinal } of framesOf(graph(ends), from, head)) expect(ordinal).toBe(expected++);
      from = head;
      takeAll(ends);
      ends.consumer.release();
    }
    expect(expected).toBeGreaterThan(2 ** 32 + 20);
  });

  test('numbers them anew after a roll-back, across 2^32', () => {
    const ends = endsOf(loop({ capacity: 256 }, { sequence: 2 ** 32 - 1 }), kind);
    for (let i = 0; i < 3; i++) put(ends, 1, 1);
    ends.producer.rollBack();
    for (let i = 0; i < 3; i++) put(ends, 1, 1);
    ends.producer.publish();
    const ordinals = framesOf(graph(ends), 0, 3 * 24).map(({ ordinal }) => ordinal);
    expect(ordinals).toEqual([2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1]);
  });

  test('says how large a record still fits, exactly', () => {
    const lengths = fc.array(fc.nat(120), { maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(64, 100, 256, 1000), lengths, (capacity, list) => {
        const ends = endsOf(loop({ capacity }), kind);
        for (const length of list) {
          const free = ends.producer.freeBytes();
          expect(ends.producer.claim(free) >= 0 || free === 0).toBe(true);
          if (free < ends.producer.recordMax && free > 0) expect(ends.producer.claim(free + 1)).toBe(-1);
          if (!put(ends, Math.min(length, ends.producer.recordMax), 7)) {
            ends.producer.publish();
            takeAll(ends);
            ends.consumer.release();
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

const graph = (ends: Ends): GraphRegion => ends.graph;
const released = ({ graph: region }: Ends): number =>
  region.view.getUint32((region.lane().readers[0]?.at ?? 0) + ConsumerBlock.offset.cell, true);

describe('a lane of frames', () => {
  test('of 64 bytes holds two of its largest records and not a byte more', () => {
    const ends = endsOf(loop({ capacity: 64 }));
    expect(ends.producer.recordMax).toBe(16);
    expect([put(ends, 16, 1), put(ends, 16, 2), put(ends, 0, 3)]).toEqual([true, true, false]);
    expect(ends.producer.freeRecords()).toBe(0);
    ends.producer.publish();
    expect(takeAll(ends).map(({ byte }) => byte)).toEqual([1, 2]);
    ends.consumer.release();
    expect(ends.producer.freeRecords()).toBe(4);
  });

  test('is gated at the capacity asked for, although its memory is larger', () => {
    const ends = endsOf(loop({ capacity: 96 }));
    expect(ends.producer.memoryBytes).toBe(128);
    expect([1, 2, 3, 4].map((byte) => put(ends, 16, byte))).toEqual([true, true, true, false]);
  });

  test('always has room for its largest record when it is empty, wherever it stands', () => {
    const ends = endsOf(loop({ capacity: 128 }));
    for (let i = 0; i < 64; i++) {
      expect(put(ends, i % 2 === 0 ? 0 : 40, 1)).toBe(true);
      ends.producer.publish();
      takeAll(ends);
      ends.consumer.release();
      expect(put(ends, ends.producer.recordMax, 2)).toBe(true);
      ends.producer.publish();
      takeAll(ends);
      ends.consumer.release();
    }
  });

  test('counts what fits by the smallest record that will come', () => {
    const shape = new GraphRegion(loop({ capacity: 1024 }));
    const producer = new FrameProducer(shape.native(), shape.border('in place'), shape.region, shape.lane(), 40);
    expect(producer.freeRecords()).toBe(Math.floor(1024 / frameBytes(40)));
  });

  test('waits for the slowest of its readers', () => {
    const readers = { kind: 'FanoutBroadcast', readers: [1, 2], capacity: 64 } as const satisfies Partial<LaneShape>;
    const shape: GraphShape = {
      roles: [
        { id: 'in', kind: 'Ingress', outlets: [0] },
        { id: 'a', kind: 'Stage', inlets: [0] },
        { id: 'b', kind: 'Stage', inlets: [0] },
      ],
      lanes: [{ id: 'in->a,b', writer: 0, ...readers }],
    };
    const region = new GraphRegion(shape);
    const producer = new FrameProducer(region.native(), region.border('in place'), region.region, region.lane());
    const two = (): boolean[] =>
      [0, 0].map(() => {
        const at = producer.claim(16);
        if (at >= 0) producer.commit(16, 0);
        return at >= 0;
      });
    expect(two()).toEqual([true, true]);
    producer.publish();
    region.consumer(0, 0, { sequence: 64 });
    expect(producer.claim(16)).toBe(-1);
    producer.reportStalled();
    expect(region.region.agents[0]?.u32('waits_for')).toBe(2);
    region.consumer(0, 1, { sequence: 32 });
    expect(two()).toEqual([true, false]);
  });

  test('of a journal waits for its reader and for its files, and shows what is in the files', () => {
    const ends = endsOf(loop({ kind: 'Journal', capacity: 64 }));
    expect([put(ends, 16, 1), put(ends, 16, 2)]).toEqual([true, true]);
    ends.producer.publish();
    expect(takeAll(ends)).toEqual([]);
    ends.graph.files(0, { sequence: 32 });
    expect(takeAll(ends).map(({ byte }) => byte)).toEqual([1]);
    ends.consumer.release();
    expect(put(ends, 16, 3)).toBe(true);
    expect(put(ends, 16, 4)).toBe(false);
    ends.graph.files(0, { sequence: 64 });
    expect(takeAll(ends).map(({ byte }) => byte)).toEqual([2]);
  });

  test('is read up to its cut', () => {
    const ends = endsOf(loop({ capacity: 256 }));
    for (let i = 1; i <= 4; i++) put(ends, 8, i);
    ends.producer.publish();
    ends.graph.cut(0, 48);
    expect(takeAll(ends).map(({ byte }) => byte)).toEqual([1, 2]);
    expect(ends.consumer.hasRecord()).toBe(false);
  });

  test('keeps what was not read when its reader goes on as another one', () => {
    const ends = endsOf(loop({ capacity: 256 }));
    for (let i = 1; i <= 3; i++) put(ends, 8, i);
    ends.producer.publish();
    ends.consumer.refresh();
    ends.consumer.advance();
    ends.consumer.release();
    const lane = ends.graph.lane();
    const border = ends.graph.border('copies');
    const next = new FrameConsumer(ends.graph.native(), border, ends.graph.region, lane, lane.readers[0] as LaneReader);
    expect(takeAll({ ...ends, consumer: next }).map(({ byte }) => byte)).toEqual([2, 3]);
    expect(next.currentSequence).toBe(2);
    const writer = new FrameProducer(ends.graph.native(), border, ends.graph.region, lane);
    put({ ...ends, producer: writer }, 8, 4);
    writer.publish();
    expect(framesOf(ends.graph, 0, 96).map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3]);
  });

  test('shows no record while there is only padding', () => {
    const ends = endsOf(loop({ capacity: 128 }));
    const { dataAt, producerAt } = ends.graph.lane();
    ends.graph.view.setUint32(dataAt, 128, true);
    ends.graph.view.setUint32(dataAt + 4, FRAME_PADDING, true);
    ends.graph.view.setUint32(producerAt + ProducerBlock.offset.cell, 128, true);
    expect(ends.consumer.hasRecord()).toBe(false);
    expect(ends.consumer.refresh()).toBe(false);
    expect(ends.consumer.release()).toBe(true);
    expect(ends.graph.f64(ends.graph.lane().readers[0]?.at ?? 0 + ConsumerBlock.offset.in)).toBe(0);
  });

  test('wakes the thread behind it once, when that has armed', () => {
    const ends = endsOf(loop());
    const armed = ends.graph.lane().publishWakes[0]?.armedAt as number;
    put(ends, 1, 1);
    ends.producer.publish();
    expect(ends.graph.woken).toEqual([]);
    ends.graph.view.setUint32(armed, 1, true);
    put(ends, 1, 1);
    ends.producer.publish();
    put(ends, 1, 1);
    ends.producer.publish();
    expect(ends.graph.woken).toEqual([0]);
    expect(armed).toBe(ends.graph.region.header.u64('threads_offset') + ThreadBlock.offset.armed);
    ends.graph.view.setUint32(armed, 1, true);
    takeAll(ends);
    ends.consumer.release();
    expect(ends.graph.woken).toEqual([0, 0]);
  });

  test('shows what was committed before it is closed', () => {
    const ends = endsOf(loop());
    put(ends, 3, 9);
    expect(ends.producer.closed).toBe(false);
    ends.producer.close();
    expect(ends.producer.closed).toBe(true);
    expect(takeAll(ends)).toEqual([{ length: 3, byte: 9, flags: 0 }]);
  });

  test.each(BORDERS)('samples one record in 1024, %s', (kind) => {
    const ends = endsOf(loop({ capacity: 4096 }), kind);
    const records = 2 * SAMPLED + 1;
    for (let i = 0; i < records; i++) {
      expect(put(ends, 8, 1)).toBe(true);
      if (i % 50 === 0 || i === records - 1) {
        ends.producer.publish();
        takeAll(ends);
        ends.consumer.release();
      }
    }
    const { histogramAt } = ends.graph.lane().readers[0] as LaneReader;
    const counts = ends.graph.region.words.slice(histogramAt / 4, histogramAt / 4 + 3840);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(counts[3839]).toBe(0);
  });

  test('refuses what is not a frame instead of delivering what nobody sent', () => {
    const damage = fc.array(fc.record({ at: fc.nat(255), value: fc.nat(255) }), { minLength: 1, maxLength: 8 });
    const lengths = fc.array(fc.nat(60), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lengths, damage, fc.nat(8), (list, places, before) => {
        const ends = endsOf(loop({ capacity: 256 }));
        for (let i = 0; i < before; i++) {
          put(ends, 20, 1);
          ends.producer.publish();
          takeAll(ends);
          ends.consumer.release();
        }
        for (const length of list) put(ends, length, 1);
        ends.producer.publish();
        for (const { at, value } of places) ends.producer.memory.bytes[at] = value;
        let steps = 0;
        try {
          while (ends.consumer.refresh())
            while (ends.consumer.advance()) {
              const { at, length, memory } = ends.consumer;
              expect(at + length).toBeLessThanOrEqual(memory.bytes.length);
              expect(++steps).toBeLessThan(100);
            }
        } catch (error) {
          expect(error).toBeInstanceOf(RegionError);
          expect((error as Error).message).toContain('lane "in->out" holds no frame at position');
        }
        ends.consumer.release();
      }),
      { numRuns: 2000 },
    );
  });
});
