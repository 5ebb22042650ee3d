import { describe, expect, test } from 'vitest';
import { attach, compile, open, type PipelinePlanV2, type StageRecords, type Version } from '../../lib/index.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { graph, identity, js, READING, type Reading, ring, texts, through } from './hosted-plans.js';

const one = ring([js('enrich', { room: 40 })]);
const readings = Array.from({ length: 600 }, (_, i): Reading => ({ sensor: i, value: i / 2 }));

describe('what open and attach are given as stages', () => {
  const given: [string, unknown, RegExp][] = [
    ['a list', [() => true], /^stages is an object \(Array\): give an object from a function's name to the function$/],
    [
      'an unknown name',
      { enrich: () => true, enrihc: () => true },
      /^stages\.enrihc is the function of no stage: the plan has "enrich" of stage "enrich"$/,
    ],
    [
      'a number',
      { enrich: 5 },
      /^stages\.enrich is 5: give a function of a record, \{ fn, concurrency, timeoutMs \}, or \{ start, batch, end, timeoutMs \}/,
    ],
    [
      'a word',
      { enrich: 'worker' },
      /^stages\.enrich is the string "worker": give a function .* or 'attach' where another thread/,
    ],
    ['an object without a function', { enrich: { start: () => 1 } }, /^stages\.enrich has neither fn nor batch: give/],
    ['an fn that is none', { enrich: { fn: 'x' } }, /^stages\.enrich\.fn is the string "x": give a function$/],
    ['a batch that is none', { enrich: { batch: 1 } }, /^stages\.enrich\.batch is 1: give a function$/],
    [
      'a part too many',
      { enrich: { fn: () => 1, batch: () => 1 } },
      /^stages\.enrich\.batch is no part of this form, which has fn, concurrency and timeoutMs$/,
    ],
    [
      'another part too many',
      { enrich: { batch: () => 1, stop: 1 } },
      /^stages\.enrich\.stop is no part of this form, which has start, batch, end and timeoutMs$/,
    ],
  ];
  test.each(given)('%s is a wrong option, by a sentence', (_, stages, words) => {
    const start = () => open(one, { stages } as never);
    expect(start).toThrow(expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(words) }));
  });

  test('a stage without a function does not open, by its name', () => {
    for (const stages of [undefined, {}])
      expect(() => open(one, stages === undefined ? undefined : { stages })).toThrow(
        expect.objectContaining({
          code: 'OP_UNAVAILABLE',
          message:
            'plan "ring" has a stage that nothing runs: "enrich" (js:enrich); give open its function, stages: { "enrich": (record) => … }; the plan has "enrich" of stage "enrich"',
        }),
      );
  });

  test('a plan without such stages takes none', () => {
    expect(() => open(ring([identity('a')]), { stages: { a: () => true } })).toThrow(
      'stages.a is the function of no stage: the plan has no stage with an op js:NAME',
    );
  });

  test('attach takes functions, and nothing else', () => {
    const pipeline = open(one, { stages: { enrich: 'attach' } });
    const attached = (options: unknown) => () => attach(pipeline.number, options as never);
    expect(attached({ stages: { enrich: 'attach' } })).toThrow(/^stages\.enrich is 'attach', which says at open that/);
    expect(attached({ stages: { other: () => 1 } })).toThrow(/^stages\.other is the function of no stage/);
    expect(attached({ ports: {} })).toThrow('ports is no option of attach: it takes stages');
    expect(attached(5)).toThrow('options is 5: give an object, or leave it out');
    expect(pipeline.halt().balanced).toBe(true);
  });
});

describe('a function', () => {
  test('is told its stage, the config of the plan and its shard', async () => {
    const version = ring([js('enrich', { config: { region: 'north' } })], 'utf8', {
      shards: 2,
      ordering: 'PerKey',
      shard_key: { kind: 'bytes', offset: 0, length: 1 },
    });
    const seen = new Set<string>();
    const enrich = (_: string, context: unknown) => void seen.add(JSON.stringify(context));
    await through(version, { enrich: { fn: enrich } }, texts(100));
    expect([...seen].sort()).toEqual(
      [0, 1].map((shard) => `{"stage":"enrich","config":{"region":"north"},"shard":${shard}}`),
    );
  });

  test('gets an array of bytes of its own: what it writes into it counts while it runs, and never afterwards', async () => {
    const version = graph([js('enrich')], ['in>enrich', 'enrich>out'], {}, 'bytes');
    const kept: Uint8Array[] = [];
    const enrich = (record: Uint8Array): void => {
      for (const before of kept) before.fill(0);
      record[0] = 0x21;
      kept.push(record);
    };
    const records = texts(300).map((text) => Buffer.from(text.padStart(4)));
    const { out, ledger } = await through(version, { enrich }, records, { batchRecords: 7 });
    expect(out.map((bytes) => Buffer.from(bytes).toString())).toEqual(
      texts(300).map((text) => `!${text.padStart(4).slice(1)}`),
    );
    expect(ledger.balanced).toBe(true);
  });

  test('that only reads changes nothing in an array of bytes', async () => {
    const version = graph([js('enrich', { access: 'read' })], ['in>enrich', 'enrich>out'], {}, 'bytes');
    const { out } = await through(version, { enrich: (record: Uint8Array) => void record.fill(0) }, [
      Buffer.from('abc'),
    ]);
    expect(out.map((bytes) => Buffer.from(bytes).toString())).toEqual(['abc']);
  });

  test('that keeps a struct cannot use it afterwards', async () => {
    const kept: Reading[] = [];
    const { ledger } = await through(
      ring([js('enrich', { keeps_layout: true })], READING),
      {
        enrich: (record: Reading) => {
          kept.push(record);
          if (record.sensor === 300) return (kept[0] as Reading).sensor > 0;
          return true;
        },
      },
      readings,
    );
    const words = 'a record was used after the turn in which its stage was shown it';
    expect(ledger.failure).toMatchObject({ sequence: 300, cause: expect.stringContaining(words) });
    for (const use of [(record: Reading) => record.value, (record: Reading) => Object.assign(record, { value: 1 })])
      expect(() => use(kept[5] as Reading)).toThrow(expect.objectContaining({ code: 'WRONG_USE' }));
  });

  test('where ingresses of other codecs reach it gets bytes, and so does one behind a struct that may have changed', async () => {
    const version = compile({
      version: 2,
      name: 'mixed',
      target: 'LaneGraph',
      stages: [js('both'), js('first'), js('second')],
      boundaries: [
        { id: 'in', kind: 'ingress', codec: READING },
        { id: 'words', kind: 'ingress', codec: 'utf8' },
        { id: 'out', kind: 'egress' },
      ],
      lane_graph: {
        connections: ['in>both', 'words>both', 'in>first', 'first>second', 'both>out', 'second>out'].map((text) => {
          const [from, to] = text.split('>') as [string, string];
          return { from, to, lane: { kind: 'Events' } };
        }),
      },
    } as PipelinePlanV2) as Version;
    const kinds: Record<string, Set<string>> = { both: new Set(), first: new Set(), second: new Set() };
    const look = (name: string) => (record: unknown) => {
      kinds[name]?.add((record as object).constructor.name);
      return false;
    };
    const pipeline = open(version, {
      stages: { both: look('both'), first: look('first'), second: () => false },
    }) as Pipeline;
    pipeline.ingress('in').tryPush({ sensor: 1, value: 2 } as never);
    pipeline.ingress('words').tryPush('x' as never);
    await pipeline.stop();
    expect(kinds).toEqual({ both: new Set(['Uint8Array']), first: new Set(['View']), second: new Set() });
    const seen: unknown[] = [];
    const again = open(version, {
      stages: { both: () => false, first: () => true, second: (record: unknown) => void seen.push(record) },
      ports: { out: 'discard' },
    }) as Pipeline;
    again.ingress('in').tryPush({ sensor: 1, value: 2 } as never);
    await again.stop();
    expect(seen).toEqual([expect.any(Uint8Array)]);
  });
});

describe('inside of a function, the handles of its pipeline', () => {
  const uses: [string, (pipeline: Pipeline) => unknown][] = [
    ['tryPush', (pipeline) => pipeline.ingress('in').tryPush('x' as never)],
    ['stop', (pipeline) => pipeline.stop()],
    ['halt', (pipeline) => pipeline.halt()],
    ['finished', (pipeline) => pipeline.finished()],
    ['detach', (pipeline) => pipeline.detach()],
    ['egress', (pipeline) => pipeline.egress('out')],
  ];
  test.each(uses)('are refused: %s', async (_, use) => {
    let caught: unknown;
    const inside = open(one, {
      ports: { out: 'discard' },
      stages: {
        enrich: () => {
          try {
            const result = use(inside);
            if (result instanceof Promise) result.catch((error: unknown) => (caught = error));
          } catch (error) {
            caught = error;
          }
        },
      },
    }) as Pipeline;
    inside.ingress('in').tryPush('a' as never);
    await inside.stop();
    expect(caught).toMatchObject({
      code: 'WRONG_USE',
      message: expect.stringContaining("inside of a stage's function"),
    });
  });

  test('that were taken before are refused too, and work again behind it', async () => {
    const caught: string[] = [];
    const attempt = (use: () => unknown): void => {
      try {
        const result = use();
        if (result instanceof Promise) result.catch((error: Error) => caught.push(error.message));
        else caught.push('it did not throw');
      } catch (error) {
        caught.push((error as Error).message);
      }
    };
    const pipeline = open(one, {
      stages: {
        enrich: (record: string) => {
          if (record !== '0') return;
          attempt(() => ingress.tryPush('x' as never));
          attempt(() => ingress.tryPushBatch(['x'] as never));
          attempt(() => ingress.push('x' as never));
          attempt(() => ingress.claim(4));
          attempt(() => ingress.publish());
          attempt(() => ingress.abort());
          attempt(() => ingress.flush());
          attempt(() => ingress.close());
          attempt(() => ingress.release());
          attempt(() => ingress.ready());
          attempt(() => egress.poll(() => {}));
          attempt(() => egress.ready());
          attempt(() => egress.release());
          attempt(() => egress.records().next());
        },
      },
    }) as Pipeline;
    const ingress = pipeline.ingress('in');
    const egress = pipeline.egress('out');
    const out: unknown[] = [];
    ingress.tryPush('0' as never);
    const claim = ingress.claim(1);
    claim?.bytes.set([0x31], claim.offset);
    egress.poll((record) => out.push(record));
    ingress.publish();
    ingress.close();
    for await (const record of egress) out.push(record);
    expect(out).toEqual(['0', '1']);
    expect(caught).toHaveLength(14);
    for (const words of caught) expect(words).toMatch(/inside of a stage's function/);
    expect((await pipeline.stop()).balanced).toBe(true);
  });
});

test('inside of a function every hold that its thread has on the pipeline is refused, and no further one is made', async () => {
  const caught: string[] = [];
  const uses = [
    () => second.stop(),
    () => second.halt(),
    () => second.ingress('in'),
    () => egress.poll(() => {}),
    () => attach(first.number),
  ];
  const first = open(one, {
    stages: {
      enrich: () => {
        for (const use of uses) {
          try {
            Promise.resolve(use()).catch((error: Error) => caught.push(error.message));
          } catch (error) {
            caught.push((error as Error).message);
          }
        }
      },
    },
  }) as Pipeline;
  const second = attach(first.number);
  const egress = second.egress('out');
  first.ingress('in').tryPush('a' as never);
  first.ingress('in').close();
  const out: unknown[] = [];
  for await (const record of egress) out.push(record);
  expect(out).toEqual(['a']);
  expect(caught.sort()).toEqual(
    ['attach', 'halt', 'ingress', 'stop', 'the poll handle of "out"'].map(
      (what) =>
        `${what} was used inside of a stage's function: return what becomes of the record, and use it elsewhere`,
    ),
  );
  second.detach();
  expect((await first.stop()).balanced).toBe(true);
});

test('inside of a function the handles of another pipeline work', async () => {
  const other = open(ring([identity('copy')]), { ports: { out: 'discard' } }) as Pipeline;
  const first = open(one, {
    ports: { out: 'discard' },
    stages: { enrich: (record: string) => void other.ingress('in').tryPush(record as never) },
  }) as Pipeline;
  first.ingress('in').tryPush('a' as never);
  await first.stop();
  expect((await other.stop()).boundaries.out).toMatchObject({ out: 1 });
});

describe('a stage of start, batch and end', () => {
  interface State {
    readonly from: string;
    total: number;
    calls: number;
  }
  const program = {
    start: ({ stage, config, shard }: { stage: string; config: unknown; shard: number }): State => ({
      from: `${stage} ${JSON.stringify(config)} ${shard}`,
      total: 0,
      calls: 0,
    }),
    batch(records: StageRecords<string>, state: State): void {
      state.calls++;
      for (const record of records) {
        state.total++;
        if (record.endsWith('1')) records.answer(false);
        if (record.endsWith('2')) records.answer(`<${record}>`);
      }
    },
    end: ({ from, total }: State) => ({ from, total }),
  } as never;
  const expected = (count: number): string[] =>
    texts(count)
      .filter((text) => !text.endsWith('1'))
      .map((text) => (text.endsWith('2') ? `<${text}>` : text));

  test.each([
    ['a ring', ring([js('enrich', { room: 9, config: [1] })])],
    ['a graph', graph([js('enrich', { config: [1] })], ['in>enrich', 'enrich>out'])],
  ])('has its state, answers for each record, and reports, in %s', async (_, version) => {
    const { out, ledger, reports } = await through(version, { enrich: program }, texts(3000));
    expect(out).toEqual(expected(3000));
    expect(ledger.balanced).toBe(true);
    expect(reports).toEqual({ enrich: { from: 'enrich [1] 0', total: 3000 } });
  });

  test('has an instance and a report for each shard', async () => {
    const version = ring([js('enrich', { room: 9 })], 'utf8', {
      shards: 2,
      ordering: 'PerKey',
      shard_key: { kind: 'bytes', offset: 0, length: 1 },
    });
    const { reports } = await through(version, { enrich: program }, texts(1000));
    const [first, second] = reports.enrich as unknown as [State, State];
    expect([first.from, second.from]).toEqual(['enrich undefined 0', 'enrich undefined 1']);
    expect(first.total + second.total).toBe(1000);
  });

  test('fails the record that it stands at when it throws, with what came before answered', async () => {
    const enrich = {
      batch(records: StageRecords<string>): void {
        while (records.next()) {
          if (records.record === '70') throw new Error('no such sensor');
          records.answer(records.record === '69' ? false : undefined);
        }
      },
    } as never;
    const { out, ledger } = await through(one, { enrich }, texts(200));
    expect(out).toEqual(texts(69));
    expect(ledger.failure).toMatchObject({ sequence: 70, cause: expect.stringContaining('no such sensor') });
    expect(ledger.imbalances).toEqual([]);
  });

  const wrongUses: [string, (records: StageRecords<string>) => unknown, RegExp][] = [
    ['asks for a record before next', (records) => records.record, /stand at none now: call next\(\) first/],
    [
      'answers twice',
      (records) => {
        records.next();
        records.answer(true);
        records.answer(false);
      },
      /answer\(\) was called twice for one record/,
    ],
    ['returns a promise', async () => {}, /batch returned a promise/],
    [
      'answers with what is no record',
      (records) => {
        records.next();
        records.answer(5 as never);
      },
      /a utf8 record is a string, received 5/,
    ],
  ];
  test.each(wrongUses)('fails the record where it %s', async (_, batch, words) => {
    const { ledger } = await through(one, { enrich: { batch } as never }, texts(5));
    expect(ledger.failure).toMatchObject({ sequence: 0, cause: expect.stringMatching(words) });
  });

  test('cannot use the records of a batch later', async () => {
    const kept: StageRecords<string>[] = [];
    await through(
      one,
      { enrich: { batch: (records: StageRecords<string>) => void kept.push(records) } as never },
      texts(5),
    );
    expect(() => kept[0]?.next()).toThrow('the records of a batch were used after it had returned');
    expect(() => kept[0]?.record).toThrow(expect.objectContaining({ code: 'WRONG_USE' }));
  });

  test('that does not start does not open, and what had started before it ends', () => {
    const ended: string[] = [];
    const version = graph([js('a'), js('b')], ['in>a', 'a>b', 'b>out']);
    const a = { batch() {}, end: () => void ended.push('a') };
    const b = {
      start: () => {
        throw new Error('no model');
      },
      batch() {},
    };
    expect(() => open(version, { stages: { a, b } })).toThrow(
      expect.objectContaining({ code: 'STAGE_START', message: 'stage "b" did not start: its start threw: no model' }),
    );
    expect(ended).toEqual(['a']);
    const late = { start: async () => 1, batch() {} };
    expect(() => open(version, { stages: { a, b: late } })).toThrow(
      /its start returned a promise; await before you open/,
    );
  });

  test('that does not start on a thread that attaches leaves the pipeline as it was', async () => {
    const pipeline = open(one, { stages: { enrich: 'attach' } }) as Pipeline;
    const start = () => {
      throw new Error('no model');
    };
    expect(() => attach(pipeline.number, { stages: { enrich: { start, batch() {} } } })).toThrow(/no model/);
    const second = attach(pipeline.number, { stages: { enrich: (record: string) => `<${record}>` } });
    pipeline.ingress('in').tryPush('a' as never);
    pipeline.ingress('in').close();
    const out: unknown[] = [];
    for await (const record of pipeline.egress('out')) out.push(record);
    expect(out).toEqual(['<a>']);
    await pipeline.stop();
    second.detach();
  });

  test('ends when the pipeline is halted, and when its record fails', async () => {
    const ends: string[] = [];
    const program = (how: string) => ({ batch() {}, end: () => ends.push(how) });
    const pipeline = open(one, { stages: { enrich: program('halted') } }) as Pipeline;
    pipeline.halt();
    expect(pipeline.reports()).toEqual({ enrich: 1 });
    const failing = {
      ...program('failed'),
      batch() {
        throw new Error('x');
      },
    };
    await through(one, { enrich: failing }, texts(5));
    expect(ends).toEqual(['halted', 'failed']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no file');
      },
      'stage "enrich" has no report: its end threw: no file',
    ],
    ['gives what JSON has not', () => 5n, /stage "enrich" has no report: its end threw: .*BigInt/],
    ['gives a promise', async () => 5, /its end threw: it returned a promise, and a report is known when end returns/],
  ])('has a warning in place of its report where its end %s', async (_, end, words) => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const { reports } = await through(one, { enrich: { batch() {}, end } as never }, texts(5));
    expect(reports).toEqual({ enrich: null });
    expect(await warned).toMatchObject({ code: 'BYTEOR_STAGE_END', message: expect.stringMatching(words) });
  });
});

test('without generated code, views of records do the same', async () => {
  const { viewsOver } = await import('../../lib/handle/record-views.js');
  const { memoryOver } = await import('../../lib/channel/shard-memory.js');
  const { layoutOf } = await import('../../lib/plan/codec-layout.js');
  const layout = layoutOf({
    kind: 'struct',
    fields: [
      { name: 'a', type: 'u8' },
      { name: 'b', type: 'f64' },
      { name: 'c', type: 'utf8(4)' },
      { name: 'd', type: 'bool' },
      { name: 'e', type: 'bytes(2)' },
    ],
  });
  if (layout === undefined) throw new Error('no layout');
  const both = [true, false].map((generated) => {
    const memory = memoryOver(new ArrayBuffer(layout.size * 2), 0, layout.size * 2, 8);
    const view = viewsOver(layout, memory, generated)(layout.size) as unknown as Record<string, unknown> & {
      _at: number;
    };
    Object.assign(view, { a: 200, b: 1.5, c: 'xyz', d: true, e: new Uint8Array([1, 2]) });
    const read = [view.a, view.b, view.c, view.d, view.e];
    expect(() => Object.assign(view, { a: 256 })).toThrow(/field "a" takes an integer from 0 to 255, received 256/);
    view._at = -1;
    expect(() => view.c).toThrow(/used after the turn/);
    expect(() => Object.assign(view, { d: false })).toThrow(/used after the turn/);
    return [read, [...memory.bytes]];
  });
  expect(both[0]).toEqual(both[1]);
  expect(both[0]?.[0]).toEqual([200, 1.5, 'xyz', true, new Uint8Array([1, 2])]);
});
