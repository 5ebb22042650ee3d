import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { attach, open } from '../../lib/index.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { graph, identity, js, READING, type Reading, ring, texts, through } from './hosted-plans.js';

const SHAPES = {
  'a ring': ring([identity('first'), js('enrich', { room: 40 }), identity('last')]),
  'a graph': graph([js('enrich')], ['in>enrich', 'enrich>out']),
} as const;

/** Answers in another order than it was asked. */
function shuffled<R, A>(answer: (record: R) => A): (record: R) => Promise<A> {
  let calls = 0;
  return async (record) => {
    for (let turns = (calls++ * 7) % 5; turns > 0; turns--) await new Promise(setImmediate);
    return answer(record);
  };
}

describe.each(Object.entries(SHAPES))('a function that promises its answers, in %s', (_, version) => {
  test('has several records at once, and their order is kept', async () => {
    const enrich = shuffled((record: string) =>
      Number(record) % 3 === 0 ? false : Number(record) % 3 === 1 ? `<${record}>` : undefined,
    );
    const { out, ledger } = await through(version, { enrich }, texts(1000));
    expect(out).toEqual(
      texts(1000)
        .filter((text) => Number(text) % 3 !== 0)
        .map((text) => (Number(text) % 3 === 1 ? `<${text}>` : text)),
    );
    expect(ledger.imbalances).toEqual([]);
  });

  test.each([
    [1, 256, 1],
    [40, 256, 40],
    [40, 7, 7],
    [undefined, 256, 16],
  ])(
    'has as many at once as it is told, and no more than a batch has: %s of %i',
    async (concurrency, batchRecords, most) => {
      const waiting: (() => void)[] = [];
      const fn = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
      const code = concurrency === undefined ? fn : { fn, concurrency };
      const pipeline = open(version, { batchRecords, ports: { out: 'discard' }, stages: { enrich: code } }) as Pipeline;
      for (const text of texts(100)) pipeline.ingress('in').tryPush(text as never);
      pipeline.ingress('in').close();
      while (waiting.length < most) await new Promise(setImmediate);
      await delay(2);
      expect(waiting).toHaveLength(most);
      const drained = setInterval(() => {
        for (const resolve of waiting.splice(0)) resolve();
      });
      const ledger = await pipeline.finished();
      clearInterval(drained);
      expect(ledger.stages.enrich).toMatchObject({ in: 100, out: 100 });
    },
  );

  test('may answer some records at once and others later', async () => {
    const enrich = (record: string) => (Number(record) % 4 === 0 ? delay(1, `<${record}>`) : `<${record}>`);
    const { out, ledger } = await through(version, { enrich }, texts(400));
    expect(out).toEqual(texts(400).map((text) => `<${text}>`));
    expect(ledger.imbalances).toEqual([]);
  });

  test('fails a record where it rejects, and what it says behind that is abandoned', async () => {
    const enrich = shuffled((record: string) => {
      if (record === '100') throw new Error('no such sensor');
    });
    const { out, ledger } = await through(version, { enrich }, texts(300));
    expect(out).toEqual(texts(100));
    expect(ledger.failure).toMatchObject({
      sequence: 100,
      cause: expect.stringContaining('stage "enrich": no such sensor'),
    });
    expect(ledger.imbalances).toEqual([]);
    expect(ledger.stages.enrich).toMatchObject({ failed: 1, held: 0, causes: { THROWN: 1 } });
  });

  test('fails a record where its answer is none, also where it answers at once behind others', async () => {
    const enrich = (record: string) => {
      if (record === '5') return 5 as never;
      if (record === '3') return delay(5, undefined);
      return undefined;
    };
    const { out, ledger } = await through(version, { enrich }, texts(10));
    expect(out).toEqual(texts(5));
    expect(ledger.failure?.cause).toContain('a utf8 record is a string, received 5');
  });

  test('keeps the pipeline from nothing: halt waits for none, and what comes later reaches nothing', async () => {
    const late: ((value: string) => void)[] = [];
    const pipeline = open(version, {
      stages: { enrich: () => new Promise<string>((resolve) => late.push(resolve)) },
    }) as Pipeline;
    for (const text of texts(20)) pipeline.ingress('in').tryPush(text as never);
    pipeline.ingress('in').flush();
    while (late.length < 16) await new Promise(setImmediate);
    expect(pipeline.ledger().stages.enrich).toMatchObject({ held: 16 });
    const ledger = pipeline.halt();
    expect(ledger.imbalances).toEqual([]);
    expect(ledger.stages.enrich).toMatchObject({ in: 20, abandoned: 20, held: 0, out: 0 });
    for (const resolve of late) resolve('x');
    await delay(5);
    expect(pipeline.ledger()).toEqual(ledger);
  });

  test('is drained by stop', async () => {
    const pipeline = open(version, {
      ports: { out: 'discard' },
      stages: { enrich: async (record: string) => delay(1, record) },
    }) as Pipeline;
    for (const text of texts(100)) await pipeline.ingress('in').push(text as never);
    const ledger = await pipeline.stop();
    expect(ledger.stages.enrich).toMatchObject({ in: 100, out: 100, abandoned: 0 });
    expect(ledger.balanced).toBe(true);
  });
});

describe('promises', () => {
  test('in every shard of a ring', async () => {
    const version = ring([js('enrich', { room: 9 })], 'utf8', {
      shards: 3,
      ordering: 'PerKey',
      shard_key: { kind: 'bytes', offset: 0, length: 1 },
    });
    const enrich = shuffled((record: string) => `<${record}>`);
    const { out, ledger } = await through(version, { enrich }, texts(500));
    expect(out.sort()).toEqual(
      texts(500)
        .map((text) => `<${text}>`)
        .sort(),
    );
    expect(ledger.imbalances).toEqual([]);
  });

  test('before an Ordered merge, and at a sink', async () => {
    const version = graph(
      [js('odd', { filters: true, emits: false }), identity('all'), js('watch', { sink: true })],
      ['in>odd', 'in>all', 'in>watch', 'odd>out', 'all>out'],
      { boundary_policy: { in: 'Broadcast', out: 'Ordered' } },
    );
    const seen: string[] = [];
    const odd = shuffled((record: string) => (Number(record) % 2 === 1 ? `odd ${record}` : false));
    const watch = shuffled((record: string) => void seen.push(record));
    const { out, ledger } = await through(version, { odd, watch }, texts(500));
    expect(out).toEqual(texts(500).flatMap((text) => (Number(text) % 2 === 1 ? [`odd ${text}`, text] : [text])));
    expect(seen.sort()).toEqual(texts(500).sort());
    expect(ledger.imbalances).toEqual([]);
  });

  test('keep a struct that they change until they settle, and not longer', async () => {
    const version = ring([js('double', { keeps_layout: true })], READING);
    const kept: Reading[] = [];
    const double = async (record: Reading): Promise<void> => {
      await delay(1);
      record.value *= 2;
      kept.push(record);
    };
    const readings = Array.from({ length: 100 }, (_, i): Reading => ({ sensor: i, value: i / 2 }));
    const { out } = await through(version, { double: { fn: double, concurrency: 50 } }, readings);
    expect(out).toEqual(readings.map(({ sensor }) => ({ sensor, value: sensor })));
    expect(() => kept[3]?.value).toThrow(expect.objectContaining({ code: 'WRONG_USE' }));
  });

  test('answer with the struct itself, beside others that answer at once', async () => {
    const version = ring([js('double', { keeps_layout: true })], READING);
    const double = (record: Reading): Reading | Promise<Reading> => {
      record.value *= 2;
      return record.sensor % 3 === 0 ? record : delay(1).then(() => record);
    };
    const readings = Array.from({ length: 60 }, (_, i): Reading => ({ sensor: i, value: i / 2 }));
    const { out, ledger } = await through(version, { double }, readings);
    expect(out).toEqual(readings.map(({ sensor }) => ({ sensor, value: sensor })));
    expect(ledger.failure).toBeNull();
  });

  test('answer with what a value is when they settle, not when its turn comes', async () => {
    const version = graph([js('mark')], ['in>mark', 'mark>out'], {}, 'bytes');
    let first = (): void => {};
    const mark = (record: Uint8Array): Promise<unknown> => {
      if (record[0] === 0x30) return new Promise<void>((resolve) => (first = resolve));
      const answer = record.slice();
      setTimeout(() => answer.fill(0x21), 5);
      setTimeout(() => first(), 10);
      return Promise.resolve(answer);
    };
    const { out } = await through(version, { mark }, [Buffer.from('0'), Buffer.from('1'), Buffer.from('2')]);
    expect(out.map((bytes) => Buffer.from(bytes).toString())).toEqual(['0', '1', '2']);
  });

  test('keep bytes that they change until they settle, over a memory that comes round', async () => {
    const version = graph([js('mark')], ['in>mark', 'mark>out'], {}, 'bytes');
    const kept: Uint8Array[] = [];
    const mark = async (record: Uint8Array): Promise<void> => {
      await delay(0);
      record[0] = 0x21;
      kept.push(record);
      for (const before of kept.slice(-20, -1)) before.fill(0);
    };
    const records = Array.from({ length: 200 }, (_, i) => Buffer.from(`${i}`.padEnd(9000 + (i % 7) * 100, '.')));
    const { out, ledger } = await through(version, { mark }, records);
    expect(out.map((bytes) => Buffer.from(bytes).toString())).toEqual(
      records.map((bytes) => `!${bytes.toString().slice(1)}`),
    );
    expect(ledger.balanced).toBe(true);
  });

  test("of a thread that lets go are another one's to answer", async () => {
    const pipeline = open(SHAPES['a graph'], { stages: { enrich: 'attach' } }) as Pipeline;
    let calls = 0;
    const never = (): Promise<string> => {
      calls++;
      return new Promise(() => {});
    };
    const first = attach(pipeline.number, { stages: { enrich: never } });
    for (const text of texts(5)) pipeline.ingress('in').tryPush(text as never);
    pipeline.ingress('in').close();
    while (calls < 5) await new Promise(setImmediate);
    first.detach();
    const second = attach(pipeline.number, { stages: { enrich: async (record: string) => `<${record}>` } });
    const out: unknown[] = [];
    for await (const record of pipeline.egress('out')) out.push(record);
    expect(out).toEqual(texts(5).map((text) => `<${text}>`));
    await pipeline.stop();
    second.detach();
  });

  test('a thenable that calls back twice, and at once, is asked as any other', async () => {
    const enrich = (record: string) =>
      ({
        // biome-ignore lint/suspicious/noThenProperty: what is tested
        then(resolve: (value: string) => void) {
          resolve(`<${record}>`);
          resolve('again');
        },
      }) as PromiseLike<string>;
    const { out } = await through(SHAPES['a graph'], { enrich }, texts(50));
    expect(out).toEqual(texts(50).map((text) => `<${text}>`));
  });

  test('what is wrong with concurrency is said', () => {
    for (const concurrency of [0, 1.5, 65537, '3'])
      expect(() =>
        open(SHAPES['a graph'], { stages: { enrich: { fn: () => true, concurrency: concurrency as number } } }),
      ).toThrow(/^stages\.enrich\.concurrency is .*: give an integer from 1 to 65536$/);
  });
});
