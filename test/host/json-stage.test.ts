/** Functions of JavaScript over records of the codec `json`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compile, type JsonRecord, type PipelinePlanV2, RecordError, type StageRecords } from '../../lib/index.js';
import type { StageEntry } from '../../lib/plan/document.js';
import type { Ledger } from '../../lib/region/counts.js';
import { open } from '../../lib/runtime/open.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';

type Target = 'SingleRing' | 'LaneGraph';

const TARGETS: readonly Target[] = ['SingleRing', 'LaneGraph'];

function planOf(target: Target, stage: Partial<StageEntry>): PipelinePlanV2 {
  const lane = { kind: 'Events' };
  const connections = [
    { from: 'in', to: 'own', lane },
    { from: 'own', to: 'out', lane },
  ];
  return {
    version: 2,
    name: 'json',
    target,
    stages: [{ id: 'own', op: 'js:own', ...stage }],
    boundaries: [
      { id: 'in', kind: 'ingress', codec: { kind: 'json' } },
      { id: 'out', kind: 'egress' },
    ],
    ...(target === 'SingleRing' ? { single_ring: { stages: [{ stage: 'own' }] } } : { lane_graph: { connections } }),
  } as unknown as PipelinePlanV2;
}

/** What leaves as bytes, of texts that go in as they are. */
async function through(
  plan: PipelinePlanV2,
  own: unknown,
  texts: readonly string[],
): Promise<{ out: string[]; ledger: Ledger }> {
  const pipeline = open(compile(plan), { stages: { own } } as never) as Pipeline;
  const ingress = pipeline.ingress('in');
  const out: string[] = [];
  const polled = (async () => {
    for await (const record of pipeline.egress('out')) out.push(Buffer.from(record as Uint8Array).toString());
  })().catch(() => {});
  for (const text of texts) ingress.tryPushRaw(text);
  ingress.close();
  await polled;
  return { out, ledger: await pipeline.stop() };
}

interface Order {
  n: number;
  note?: unknown;
}

describe.each(TARGETS)('a function over json records, in a %s', (target) => {
  test('gets the value, and what it changes counts', async () => {
    const own = (order: unknown): void => {
      (order as Order).n += 1;
    };
    const { out, ledger } = await through(planOf(target, { room: 8 }), own, ['{"n":1}', '{ "n": 9 }']);
    expect(out).toEqual(['{"n":2}', '{"n":10}']);
    expect(ledger.imbalances).toEqual([]);
  });

  test('has what it parsed written again, also where it has changed nothing', async () => {
    const texts = ['{"n":1,"s":"ü"}', '{ "n": 1.0 }', '[12345678901234567890]', ' 12345678901234567890', '"\\u0041"'];
    const { out } = await through(planOf(target, {}), () => undefined, texts);
    // What is no object and no array cannot have been changed.
    expect(out).toEqual([texts[0], '{"n":1}', '[12345678901234567000]', texts[3], texts[4]]);
  });

  test('gives a batch the value when it asks for it, and the bytes', async () => {
    const kept: JsonRecord[] = [];
    const batch = (records: StageRecords<JsonRecord, unknown>): void => {
      for (const record of records) {
        kept.push(record);
        if (Buffer.from(record.bytes).includes('skip')) continue;
        (record.value as Order).n += 1;
      }
    };
    const { out, ledger } = await through(planOf(target, { room: 8 }), { batch }, [
      '{"n":1}',
      '{ "n": 9, "skip": 1 }',
      'no',
    ]);
    expect(out).toEqual(['{"n":2}', '{ "n": 9, "skip": 1 }']);
    expect(ledger.stages.own).toMatchObject({ failed: 1, causes: { BAD_RECORD: 1 } });
    expect(() => kept[0]?.value).toThrow(
      'a record was used after its batch had returned: take what you keep out of it before',
    );
  });

  test('changes nothing where its stage declares access: read', async () => {
    const own = (order: unknown): void => {
      (order as Order).n = 7;
    };
    const { out } = await through(planOf(target, { access: 'read' }), own, ['{ "n": 1.0 }']);
    expect(out).toEqual(['{ "n": 1.0 }']);
  });

  test('replaces a record by any value, and filters it', async () => {
    const own = (order: unknown): unknown => {
      const { n } = order as Order;
      return n === 0 ? false : n === 1 ? null : n === 2 ? 'two' : [[n]];
    };
    const { out } = await through(planOf(target, { room: 8 }), own, ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}']);
    expect(out).toEqual(['null', '"two"', '[3]']);
  });

  test('fails a record that is not JSON, by its cause', async () => {
    let called = 0;
    const own = (): void => void called++;
    const { out, ledger } = await through(planOf(target, {}), own, ['1', 'oops', '3']);
    expect(out).toEqual(['1']);
    expect(called).toBe(1);
    expect(ledger.failure).toMatchObject({ sequence: 1 });
    expect(ledger.failure?.cause).toMatch(/stage "own": a record that is not JSON came to a json boundary \(.+\)/);
    expect(ledger.stages.own).toMatchObject({ failed: 1, causes: { BAD_RECORD: 1 } });
  });

  test('fails a record of which it makes what JSON does not have', async () => {
    const own = (order: unknown): void => {
      (order as Order).note = 1n;
    };
    const { ledger } = await through(planOf(target, {}), own, ['{"n":1}']);
    expect(ledger.failure?.cause).toMatch(/stage "own": a json record is a value that JSON has, .*BigInt/);
    expect(ledger.stages.own).toMatchObject({ failed: 1, causes: { BAD_RECORD: 1 } });
  });

  test('fails a record by another cause where it throws, be it a RecordError', async () => {
    const own = (): void => {
      throw new RecordError('mine');
    };
    const { ledger } = await through(planOf(target, {}), own, ['1']);
    expect(ledger.stages.own).toMatchObject({ failed: 1, causes: { THROWN: 1 } });
  });
});

test('keeps the end of the line of a text that is written again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-json-stage-'));
  const [source, out] = [join(folder, 'in'), join(folder, 'out')];
  writeFileSync(source, '{ "n": 1 }\r\n{ "n": 2 }');
  const ports = { in: { lines: source }, out: { lines: out } };
  const pipeline = open(compile(planOf('LaneGraph', {})), { ports, stages: { own: () => undefined } } as never);
  await (pipeline as Pipeline).finished();
  expect(readFileSync(out, 'utf8')).toBe('{"n":1}\r\n{"n":2}');
  rmSync(folder, { recursive: true });
});

test('a value whose text is longer than the memory of its stage was is written whole', async () => {
  const long = 'x'.repeat(100_000);
  const { out } = await through(planOf('LaneGraph', {}), (record: unknown) => ({ ...(record as object), long }), [
    '{}',
  ]);
  expect(out).toEqual([JSON.stringify({ long })]);
});

test('in a ring, a text that is longer when it is written again needs room', async () => {
  const own = (): void => {};
  const short = await through(planOf('SingleRing', {}), own, ['[1e20]']);
  expect(short.ledger.stages.own).toMatchObject({ causes: { NO_ROOM: 1 } });
  const roomy = await through(planOf('SingleRing', { room: 64 }), own, ['[1e20]']);
  expect(roomy.out).toEqual(['[100000000000000000000]']);
});
