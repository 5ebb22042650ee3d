import { describe, expect, test } from 'vitest';
import { compile, open } from '../../lib/index.js';
import { keyWords } from '../../lib/runtime/report-keys.js';

const FIELDS = [
  { name: 'id', type: 'u32' },
  { name: 'delta', type: 'i16' },
  { name: 'wide', type: 'u64' },
  { name: 'price', type: 'f64' },
  { name: 'half', type: 'f32' },
  { name: 'on', type: 'bool' },
  { name: 'symbol', type: 'utf8(6)' },
  { name: 'raw', type: 'bytes(3)' },
] as const;

const RECORD = {
  id: 1_000_000_007,
  delta: -2,
  wide: 2n ** 63n + 200n,
  price: -1.5,
  half: 0.25,
  on: true,
  symbol: 'münt',
  raw: Uint8Array.of(0xff, 0, 0x80),
};

const ringBy = (name: string) =>
  compile({
    version: 2,
    name: 'counted',
    target: 'SingleRing',
    stages: [{ id: 'by', op: 'count', config: { key: { kind: 'field', name } } }],
    boundaries: [
      { id: 'in', kind: 'ingress', codec: { kind: 'struct', fields: FIELDS } },
      { id: 'out', kind: 'egress', codec: { kind: 'struct', fields: FIELDS } },
    ],
    single_ring: { stages: [{ stage: 'by' }] },
  });

describe('a count by a field', () => {
  test.each([
    ['id', '1000000007'],
    ['delta', '-2'],
    ['wide', '9223372036854776008'],
    ['price', '-1.5'],
    ['half', '0.25'],
    ['on', 'true'],
    ['symbol', 'münt'],
    ['raw', 'ff0080'],
  ])('reports %s as its type says', async (name, key) => {
    const pipeline = open(ringBy(name) as never, { ports: { out: 'discard' } as never, capacity: 8 });
    const ingress = pipeline.ingress('in' as never) as { tryPush(record: unknown): string; close(): void };
    for (let i = 0; i < 3; i++) ingress.tryPush(RECORD);
    ingress.close();
    await pipeline.stop();
    expect(pipeline.reports()).toEqual({ by: { total: 3, keys: { [key]: 3 }, other: 0, keyless: 0 } });
  });

  test('finds the field behind the ingress that the stage of a graph has', async () => {
    const fields = [
      [{ name: 'n', type: 'u16' }],
      [
        { name: 'other', type: 'u8' },
        { name: 'n', type: 'utf8(4)' },
      ],
    ] as const;
    const version = compile({
      version: 2,
      name: 'two',
      target: 'LaneGraph',
      stages: ['a', 'b'].flatMap((id) => [
        { id: `pass-${id}`, op: 'identity' },
        { id: `by-${id}`, op: 'count', config: { key: { kind: 'field', name: 'n' } } },
      ]),
      boundaries: ['a', 'b'].flatMap((id, at) => [
        { id: `in-${id}`, kind: 'ingress', codec: { kind: 'struct', fields: fields[at] } },
        { id: `out-${id}`, kind: 'egress', codec: { kind: 'struct', fields: fields[at] } },
      ]),
      lane_graph: {
        connections: ['a', 'b'].flatMap((id) =>
          [
            [`in-${id}`, `pass-${id}`],
            [`pass-${id}`, `by-${id}`],
            [`by-${id}`, `out-${id}`],
          ].map(([from, to]) => ({ from, to, lane: { kind: 'Events' } })),
        ),
      },
    } as never);
    const ports = { 'out-a': 'discard', 'out-b': 'discard' };
    const pipeline = open(version as never, { ports: ports as never, threads: 1 });
    const push = (id: string, record: object) =>
      (pipeline.ingress(id as never) as { tryPush(record: object): string }).tryPush(record);
    push('in-a', { n: 513 });
    push('in-b', { other: 0, n: 'ab' });
    await pipeline.stop();
    expect(pipeline.reports()).toMatchObject({ 'by-a': { keys: { 513: 1 } }, 'by-b': { keys: { ab: 1 } } });
  });

  test('keeps what is not a number readable', () => {
    expect(keyWords('\0\0\udcc0\u007f', 'f32')).toBe('NaN');
    expect(keyWords('__proto__', 'utf8')).toBe('__proto__');
    expect(keyWords('\0\0', 'utf8')).toBe('');
  });
});
