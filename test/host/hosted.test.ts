import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { attach, compile, open, type PipelinePlanV2 } from '../../lib/index.js';
import type { StageEntry } from '../../lib/plan/document.js';
import { nativeAddon } from '../../lib/runtime/native.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { graph, identity, js, READING, type Reading, ring, texts, through } from './hosted-plans.js';

const roomy = js('enrich', { room: 40 });

const SHAPES = {
  'a ring, between native stages': ring([identity('first'), roomy, identity('last')]),
  'a ring, as the first stage': ring([roomy, identity('last')]),
  'a ring, as the only stage': ring([roomy]),
  'a graph, between native stages': graph(
    [identity('first'), js('enrich'), identity('last')],
    ['in>first', 'first>enrich', 'enrich>last', 'last>out'],
  ),
  'a graph, as the only stage': graph([js('enrich')], ['in>enrich', 'enrich>out']),
} as const;

describe.each(Object.entries(SHAPES))('a function of JavaScript in %s', (_, version) => {
  test('replaces, filters and passes records in their order, and the ledger balances', async () => {
    const enrich = (record: string) =>
      Number(record) % 3 === 0 ? false : Number(record) % 3 === 1 ? `<${record}>` : undefined;
    const { out, ledger } = await through(version, { enrich }, texts(5000));
    expect(out).toEqual(
      texts(5000)
        .filter((text) => Number(text) % 3 !== 0)
        .map((text) => (Number(text) % 3 === 1 ? `<${text}>` : text)),
    );
    expect(ledger.imbalances).toEqual([]);
    expect(ledger.stages.enrich).toMatchObject({ in: 5000, filtered: 1667, failed: 0, abandoned: 0 });
  });

  test('fails a record by name where it throws, and what came before arrives', async () => {
    const enrich = (record: string): undefined => {
      if (record === '700') throw new Error('no such sensor');
    };
    const { out, ledger } = await through(version, { enrich }, texts(2000));
    expect(out).toEqual(texts(700));
    expect(ledger.failure).toMatchObject({ sequence: 700 });
    expect(ledger.failure?.cause).toContain('stage "enrich": no such sensor');
    expect(ledger.imbalances).toEqual([]);
  });

  test('sees each record once, however often there is no room behind it', async () => {
    const seen: string[] = [];
    const enrich = (record: string): string => {
      seen.push(record);
      return record.padEnd(40, '.');
    };
    const options = version.target === 'SingleRing' ? { capacity: 16, batchRecords: 64 } : { laneBytes: 4096 };
    const { out, ledger } = await through(version, { enrich }, texts(3000), options);
    expect(seen).toEqual(texts(3000));
    expect(out).toEqual(texts(3000).map((text) => text.padEnd(40, '.')));
    expect(ledger.balanced).toBe(true);
  });
});

describe('where a function of JavaScript may stand', () => {
  test('behind a router and before an Ordered merge: the order of the ingress is kept', async () => {
    const version = graph(
      [js('even', { filters: true, emits: false }), js('odd', { filters: true, emits: false }), identity('all')],
      ['in>even', 'in>odd', 'in>all', 'even>out', 'odd>out', 'all>out'],
      { boundary_policy: { in: 'Broadcast', out: 'Ordered' } },
    );
    const { out, ledger } = await through(
      version,
      {
        even: (record: string) => (Number(record) % 2 === 0 ? `even ${record}` : false),
        odd: (record: string) => (Number(record) % 2 === 1 ? `odd ${record}` : false),
      },
      texts(3000),
    );
    expect(out).toEqual(texts(3000).flatMap((text) => [`${Number(text) % 2 === 0 ? 'even' : 'odd'} ${text}`, text]));
    expect(ledger.imbalances).toEqual([]);
  });

  test('before an Ordered merge, several elements of one record stay in its place', async () => {
    const version = graph(
      [js('split', { emits: true, emits_max: 4 }), identity('all')],
      ['in>split', 'in>all', 'split>out', 'all>out'],
      { boundary_policy: { in: 'Broadcast', out: 'Ordered' } },
    );
    const split = (record: string) => Array.from({ length: Number(record) % 5 }, (_, i) => `${record}.${i}`);
    const { out, ledger } = await through(version, { split }, texts(2000));
    const place = (text: string): number => Number(text.split('.')[0]);
    expect(out.every((text, i) => i === 0 || place(out[i - 1] as string) <= place(text))).toBe(true);
    expect(out.filter((text) => text.includes('.'))).toEqual(texts(2000).flatMap(split));
    expect(out.filter((text) => !text.includes('.'))).toEqual(texts(2000));
    expect(ledger.imbalances).toEqual([]);
  });

  test('of a record that fails because of a later element nothing leaves, also into several lanes before an order', async () => {
    const version = graph(
      [js('split', { emits: true, emits_max: 4, on_error: 'drop' }), identity('left'), identity('right')],
      ['in>split', 'split>left', 'split>right', 'left>out', 'right>out'],
      { boundary_policy: { out: 'Ordered' } },
    );
    const split = (record: string): unknown => {
      const fails = [['x'.repeat(5000)], [7], ['b', 'c', 'd', 'e']][Number(record) % 10];
      return [`${record}.0`, ...(fails ?? [`${record}.1`])];
    };
    const whole = texts(1000).filter((text) => Number(text) % 10 > 2);
    const { out, ledger } = await through(version, { split: split as never }, texts(1000), { laneBytes: 4096 });
    expect(out).toEqual(whole.flatMap((text) => [0, 0, 1, 1].map((element) => `${text}.${element}`)));
    expect(ledger.imbalances).toEqual([]);
    expect(ledger.stages.split).toMatchObject({ in: 1000, out: 1400, emitted: 1400, absorbed: 700, dropped: 300 });
    expect(ledger.stages.split?.causes).toEqual({ TOO_LARGE: 100, BAD_RECORD: 100, TOO_MANY: 100 });
  });

  test('in a graph without order, a record becomes any number of others', async () => {
    const split = (record: string) => Array.from({ length: 100 }, (_, i) => `${record}.${i}`);
    const { out, ledger } = await through(SHAPES['a graph, between native stages'], { enrich: split }, texts(300));
    expect(out).toEqual(texts(300).flatMap(split));
    expect(ledger.imbalances).toEqual([]);
  });

  test('as a sink at the end of a branch', async () => {
    const version = graph([js('watch', { sink: true }), identity('keep')], ['in>watch', 'in>keep', 'keep>out'], {
      boundary_policy: { in: 'Broadcast' },
    });
    const seen: string[] = [];
    const { out, ledger } = await through(
      version,
      {
        watch: (record: string) => {
          seen.push(record);
        },
      },
      texts(2000),
    );
    expect(seen).toEqual(texts(2000));
    expect(out).toEqual(texts(2000));
    expect(ledger.imbalances).toEqual([]);
  });

  test('in every shard of a ring', async () => {
    const version = ring([identity('first'), roomy], 'utf8', {
      shards: 3,
      ordering: 'PerKey',
      shard_key: { kind: 'bytes', offset: 0, length: 1 },
    });
    const enrich = (record: string) => `<${record}>`;
    const { out, ledger } = await through(version, { enrich }, texts(3000));
    expect(out.sort()).toEqual(texts(3000).map(enrich).sort());
    expect(ledger.imbalances).toEqual([]);
  });

  test('twice in a row, also with nothing native in the pipeline', async () => {
    const stages = [js('one'), js('two')];
    const version = graph(stages, ['in>one', 'one>two', 'two>out']);
    const { out, ledger } = await through(
      version,
      { one: (record: string) => `${record}a`, two: (record: string) => `${record}b` },
      texts(2000),
    );
    expect(out).toEqual(texts(2000).map((text) => `${text}ab`));
    expect(ledger.imbalances).toEqual([]);
  });

  test('behind a journal, which a relay reads for it', async () => {
    const version = compile({
      version: 2,
      name: 'journal',
      target: 'LaneGraph',
      stages: [js('enrich')],
      boundaries: [
        { id: 'in', kind: 'ingress', codec: 'utf8' },
        { id: 'out', kind: 'egress', codec: 'utf8' },
      ],
      lane_graph: {
        connections: [
          { from: 'in', to: 'enrich', lane: { kind: 'Journal', fsync: 'none' } },
          { from: 'enrich', to: 'out', lane: { kind: 'SequencedSlots', capacity: 64, gating: 4 } },
        ],
      },
    } as unknown as PipelinePlanV2);
    const { out, ledger } = await through(version, { enrich: (record: string) => `<${record}>` }, texts(1000));
    expect(out).toEqual(texts(1000).map((text) => `<${text}>`));
    expect(ledger.imbalances).toEqual([]);
    expect(Object.keys(ledger.inserted)).toContain('relay:in->enrich');
  });
});

describe('structs', () => {
  const readings = Array.from({ length: 2000 }, (_, i): Reading => ({ sensor: i, value: i / 2 }));
  const keeping = { keeps_layout: true } as const;

  test.each([
    ['ring', ring([identity('first'), js('double', keeping), identity('last')], READING)],
    [
      'graph',
      graph(
        [identity('first'), js('double', keeping), identity('last')],
        ['in>first', 'first>double', 'double>last', 'last>out'],
        {},
        READING,
      ),
    ],
  ])('in a %s are changed in place through their fields', async (_, version) => {
    const double = (record: Reading): void => {
      record.value *= 2;
    };
    const { out, ledger } = await through(version, { double }, readings);
    expect(out).toEqual(readings.map(({ sensor }) => ({ sensor, value: sensor })));
    expect(ledger.imbalances).toEqual([]);
  });

  test('that only read are not changed by what is written to them', async () => {
    const version = ring([js('spy', { access: 'read' })], READING);
    const spy = (record: Reading): void => {
      record.value = -1;
    };
    const { out } = await through(version, { spy }, readings);
    expect(out).toEqual(readings);
  });
});

describe('what a function must not do fails the record, by a sentence', () => {
  const cases: [string, StageEntry, unknown, RegExp][] = [
    ['a promise in a list', js('enrich'), [Promise.resolve('x')], /an answer is a promise inside of a list/],
    [
      'a filtered record where the stage declares none',
      js('enrich', { filters: false }),
      false,
      /declares filters: false/,
    ],
    ['another record where it only reads', js('enrich', { access: 'read' }), 'x', /declares access: "read"/],
    ['a value that is no record', js('enrich'), 5, /a utf8 record is a string, received 5/],
    ['more than one element in a ring', js('enrich', { room: 9 }), ['a', 'b'], /more than one record of one/],
    ['an element longer than the slot', js('enrich', { room: 2 }), 'x'.repeat(9), /of 9 bytes .* raise room/],
  ];
  test.each(cases)('%s', async (_, stage, answer, words) => {
    const { ledger } = await through(ring([stage]), { enrich: () => answer }, texts(10));
    expect(ledger.failure?.cause).toMatch(words);
    expect(ledger.imbalances).toEqual([]);
  });

  test('a throw of anything, also of what cannot be read', async () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    );
    const { ledger } = await through(
      ring([js('enrich')]),
      {
        enrich: () => {
          throw hostile;
        },
      },
      texts(10),
    );
    expect(ledger.failure?.cause).toMatch(/stage "enrich": it threw/);
  });
});

describe('the ends of a pipeline with a function of JavaScript', () => {
  test.each(Object.entries(SHAPES))(
    'the core is halted inside of the function, as by another thread, in %s: counted, and nothing moves any more',
    async (_, version) => {
      let calls = 0;
      const pipeline = open(version, {
        stages: {
          enrich: (record: string) => {
            calls++;
            if (record === '100') other?.halt();
          },
        },
      }) as Pipeline;
      const other = nativeAddon().attach(pipeline.number, false, () => {});
      const ingress = pipeline.ingress('in');
      for (let i = 0; i < 500; i++) ingress.tryPush(`${i}` as never);
      ingress.flush();
      await pipeline.finished();
      expect(pipeline.state).toBe('stopped');
      const ledger = pipeline.ledger();
      expect(ledger.imbalances).toEqual([]);
      const { in: reached, abandoned } = ledger.stages.enrich as { in: number; abandoned: number };
      expect(abandoned).toBeGreaterThan(0);
      expect(reached).toBeGreaterThanOrEqual(abandoned);
      await new Promise((resolve) => setTimeout(resolve, 20));
      // The batch that was shown goes on to its end, and what it says reaches nothing.
      expect(calls).toBeLessThanOrEqual(500);
    },
  );

  test('stop drains through the function', async () => {
    const pipeline = open(SHAPES['a graph, between native stages'], {
      ports: { out: 'discard' },
      stages: { enrich: (record: string) => record },
    }) as Pipeline;
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 1000; i++) await ingress.push(`${i}` as never);
    const ledger = await pipeline.stop();
    expect(ledger.stages.enrich).toMatchObject({ in: 1000, out: 1000, abandoned: 0 });
    expect(ledger.balanced).toBe(true);
  });

  test('a loop that never gives the event loop a turn gets its records all the same', () => {
    const pipeline = open(SHAPES['a ring, between native stages'], {
      stages: { enrich: (record: string) => record },
    }) as Pipeline;
    const ingress = pipeline.ingress('in');
    const egress = pipeline.egress('out');
    const out: unknown[] = [];
    let next = 0;
    while (out.length < 5000) {
      while (next < 5000 && ingress.tryPush(`${next}` as never) === 'OK') next++;
      egress.poll((record) => out.push(record));
    }
    expect(out).toEqual(texts(5000));
    expect(pipeline.halt().balanced).toBe(true);
  });

  test('a thread that has let go of a stage does not turn it any more, and another one goes on behind it', async () => {
    const options = { wait: 'spin' } as const;
    const version = SHAPES['a graph, between native stages'];
    const pipeline = open(version, { ...options, stages: { enrich: 'attach' } }) as Pipeline;
    const seen: string[] = [];
    const first = attach(pipeline.number, {
      stages: { enrich: (record: string) => void seen.push(`first ${record}`) },
    });
    const ingress = pipeline.ingress('in');
    await ingress.push('0' as never);
    ingress.flush();
    while (seen.length < 1) await new Promise(setImmediate);
    first.detach();
    await ingress.push('1' as never);
    ingress.flush();
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    const second = attach(pipeline.number, {
      stages: { enrich: (record: string) => void seen.push(`second ${record}`) },
    });
    ingress.close();
    const out: unknown[] = [];
    for await (const record of pipeline.egress('out')) out.push(record);
    expect(out).toEqual(['0', '1']);
    expect(seen).toEqual(['first 0', 'second 1']);
    expect((await pipeline.stop()).balanced).toBe(true);
    second.detach();
  });

  test('only one thread runs a stage', () => {
    const pipeline = open(SHAPES['a ring, as the only stage'], { stages: { enrich: () => undefined } }) as Pipeline;
    expect(() => attach(pipeline.number, { stages: { enrich: () => undefined } })).toThrow(
      /stage "enrich" is run by another thread/,
    );
    pipeline.halt();
  });
});

describe('in a worker', () => {
  test.each(Object.entries(SHAPES))('that attaches, in %s', async (_, version) => {
    const pipeline = open(version, { stages: { enrich: 'attach' } }) as Pipeline;
    const worker = start(pipeline.number, 'bracket');
    const ingress = pipeline.ingress('in');
    const out: unknown[] = [];
    const polled = (async () => {
      for await (const record of pipeline.egress('out')) out.push(record);
    })();
    for (const text of texts(3000)) await ingress.push(text as never);
    ingress.close();
    await polled;
    expect(out).toEqual(texts(3000).map((text) => `<${text}>`));
    const ledger = await pipeline.stop();
    expect(ledger.balanced).toBe(true);
    await worker.terminate();
  });

  test('that never comes back from the function: halt does not wait for it', async () => {
    const pipeline = open(SHAPES['a graph, between native stages'], { stages: { enrich: 'attach' } }) as Pipeline;
    const worker = start(pipeline.number, 'spin');
    pipeline.ingress('in').tryPush('x' as never);
    pipeline.ingress('in').flush();
    await once(worker, 'message');
    const ledger = pipeline.halt();
    expect(ledger.balanced).toBe(true);
    expect(ledger.stages.enrich).toMatchObject({ in: 1, abandoned: 1 });
    await worker.terminate();
  });

  test.each(['a graph, between native stages', 'a ring, between native stages'] as const)(
    'that is terminated in its function: the record has failed, and the pipeline ends, in %s',
    async (shape) => {
      const pipeline = open(SHAPES[shape], { stages: { enrich: 'attach' } }) as Pipeline;
      const worker = start(pipeline.number, 'spin');
      const ingress = pipeline.ingress('in');
      for (const text of texts(3)) ingress.tryPush(text as never);
      ingress.flush();
      await once(worker, 'message');
      await worker.terminate();
      const out: unknown[] = [];
      const polled = (async () => {
        for await (const record of pipeline.egress('out')) out.push(record);
      })();
      await expect(polled).rejects.toThrow(/the JavaScript thread that ran the stage's function has ended/);
      expect(out).toEqual([]);
      const ledger = await pipeline.finished();
      expect(ledger.failure).toMatchObject({ stage: 'enrich', cause: expect.stringContaining('thread') });
      expect(ledger.balanced).toBe(true);
      expect(ledger.stages.enrich).toMatchObject({ failed: 1, abandoned: 2 });
    },
  );
});

function start(number: number, job: string): Worker {
  return new Worker(new URL('./hosting-worker.mjs', import.meta.url), { workerData: { number, job } });
}
