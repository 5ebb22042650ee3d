/** What reaches an egress, by the codecs at both ends and the ops between, in both targets. */
import { describe, expect, it } from 'vitest';
import type { Codec, LaneGraphPlan, SingleRingPlan, StageEntry, StructField } from '../../lib/plan/document.js';
import { validate } from '../../lib/validate/validate.js';

const struct = (...fields: readonly (readonly [string, StructField['type']])[]): Codec => ({
  kind: 'struct',
  fields: fields.map(([name, type]) => ({ name, type })),
});

const U32 = struct(['price', 'u32']);
const PAIR = struct(['a', 'u32'], ['b', 'u32']);
const TEXTS = struct(['name', 'utf8(4)'], ['city', 'bytes(4)']);

type Op = Omit<StageEntry, 'id'>;
const read: Op = { op: 'identity' };
const appended = (text: string): Op => ({ op: 'append', config: { text } });
const prepended = (text: string): Op => ({ op: 'prepend', config: { text } });
const js: Op = { op: 'js:own' };

function ring(from: Codec, ops: readonly Op[], to: Codec): SingleRingPlan {
  const stages = ops.map((op, index) => ({ id: `s${index}`, ...op }));
  return {
    version: 2,
    name: 'x',
    target: 'SingleRing',
    stages,
    boundaries: [
      { id: 'in', kind: 'ingress', codec: from },
      { id: 'out', kind: 'egress', codec: to },
    ],
    single_ring: {
      stages: stages.map(({ id }, index) => ({ stage: id, depends_on: index === 0 ? [] : [`s${index - 1}`] })),
    },
  };
}

/** Each way is a branch of its own from `in` to `out`. */
function graph(from: Codec, ways: readonly (readonly Op[])[], to: Codec): LaneGraphPlan {
  const stages = ways.flatMap((ops, way) => ops.map((op, index) => ({ id: `s${way}-${index}`, ...op })));
  const connections = ways.flatMap((ops, way) => {
    const ids = ['in', ...ops.map((_, index) => `s${way}-${index}`), 'out'];
    return ids.slice(1).map((id, at) => ({ from: ids[at] as string, to: id, lane: { kind: 'Events' } as const }));
  });
  return {
    version: 2,
    name: 'x',
    target: 'LaneGraph',
    stages,
    boundaries: [
      { id: 'in', kind: 'ingress', codec: from },
      { id: 'out', kind: 'egress', codec: to },
    ],
    lane_graph: { connections },
  };
}

const found = (plan: SingleRingPlan | LaneGraphPlan): string[] =>
  validate(plan).diagnostics.map(({ code, path }) => `${code} ${path}`);

const FINE: readonly string[] = [];
const WRONG = ['EGRESS_CODEC /boundaries/1/codec'];
const WARNED = ['EGRESS_TEXT /boundaries/1/codec'];

const CASES: readonly (readonly [
  name: string,
  from: Codec,
  ops: readonly Op[],
  to: Codec,
  wanted: readonly string[],
])[] = [
  ['bytes as bytes', 'bytes', [read], 'bytes', FINE],
  ['bytes as text', 'bytes', [read], 'utf8', FINE],
  ['bytes as a struct', 'bytes', [read], PAIR, FINE],
  ['longer bytes as a struct', 'bytes', [appended('x')], PAIR, FINE],
  ['text as bytes', 'utf8', [read], 'bytes', FINE],
  ['longer text as text', 'utf8', [appended('x'), prepended('y')], 'utf8', FINE],
  ['text as a struct with a number', 'utf8', [read], U32, WRONG],
  ['text as a struct with a number among texts', 'utf8', [read], struct(['a', 'utf8(4)'], ['b', 'bool']), WRONG],
  ['longer text as a struct with a number', 'utf8', [appended('x')], U32, WRONG],
  ['text as a struct of texts', 'utf8', [read], TEXTS, FINE],
  ['text behind an op of the caller as a struct', 'utf8', [js], U32, FINE],
  ['bytes as JSON', 'bytes', [read], 'json', FINE],
  ['text as JSON', 'utf8', [read], { kind: 'json' }, FINE],
  ['JSON as JSON', 'json', [read], { kind: 'json' }, FINE],
  ['JSON as bytes', 'json', [read], 'bytes', FINE],
  ['JSON as text', { kind: 'json' }, [read], 'utf8', FINE],
  ['JSON as a struct with a number', { kind: 'json' }, [read], U32, WRONG],
  ['JSON as a struct of texts', 'json', [read], TEXTS, FINE],
  ['JSON behind an op of the caller as a struct', 'json', [js], U32, FINE],
  ['a struct with a number as JSON', PAIR, [read], 'json', WRONG],
  ['a longer struct with a number as JSON', PAIR, [appended('x')], { kind: 'json' }, WRONG],
  ['a struct of texts as JSON', TEXTS, [read], 'json', FINE],
  ['a struct behind an op of the caller as JSON', PAIR, [js], 'json', FINE],
  ['a struct as bytes', PAIR, [read], 'bytes', FINE],
  ['a struct as text', PAIR, [read], 'utf8', WARNED],
  ['a longer struct as text', PAIR, [appended('x')], 'utf8', WARNED],
  ['a struct of texts as text', TEXTS, [read], 'utf8', FINE],
  ['a struct as itself', PAIR, [read, { op: 'filter', config: { contains: 'x' } }, { op: 'count' }], PAIR, FINE],
  ['a u32 as an f32', U32, [read], struct(['price', 'f32']), WRONG],
  ['a u32 as an i32', U32, [read], struct(['price', 'i32']), WRONG],
  ['a field under another name', U32, [read], struct(['cost', 'u32']), WRONG],
  ['fields in another order', PAIR, [read], struct(['b', 'u32'], ['a', 'u32']), WRONG],
  ['one field more', U32, [read], PAIR, WRONG],
  ['one field less', PAIR, [read], struct(['a', 'u32']), WRONG],
  ['another length of a text', TEXTS, [read], struct(['name', 'utf8(5)'], ['city', 'bytes(3)']), WRONG],
  ['a struct behind empty text', PAIR, [appended(''), prepended('')], PAIR, FINE],
  ['another struct behind empty text', PAIR, [appended('')], struct(['a', 'u32'], ['b', 'i32']), WRONG],
  ['a longer struct as itself', PAIR, [appended('x')], PAIR, WRONG],
  [
    'a longer struct with its text declared',
    U32,
    [appended('abcd')],
    struct(['price', 'u32'], ['tag', 'utf8(4)']),
    FINE,
  ],
  [
    'a struct with text before it declared',
    U32,
    [prepended('abcd')],
    struct(['tag', 'utf8(4)'], ['price', 'u32']),
    FINE,
  ],
  ['text of several stages declared', U32, [appended('ab'), prepended('cd')], PAIR, FINE],
  ['text of three bytes in two characters', U32, [appended('aü')], struct(['t', 'utf8(7)']), FINE],
  ['text declared one byte too long', U32, [appended('abc')], PAIR, WRONG],
  ['a struct behind an op of the caller', PAIR, [js], U32, FINE],
  ['a struct behind an op that keeps it', PAIR, [{ ...js, keeps_layout: true }], U32, WRONG],
  ['a struct behind an op that reads', PAIR, [{ ...js, access: 'read' }], U32, WRONG],
  ['its own struct behind an op that reads', PAIR, [{ ...js, access: 'read' }], PAIR, FINE],
  ['a longer struct behind an op of the caller', PAIR, [appended('x'), js], PAIR, FINE],
];

describe.each(CASES)('%s', (_, from, ops, to, wanted) => {
  it('in a ring', () => expect(found(ring(from, ops, to))).toEqual(wanted));
  it('in a graph', () => expect(found(graph(from, [ops], to))).toEqual(wanted));
  it('on one of two ways', () => {
    expect(found(graph(from, [ops, [js]], to))).toEqual(wanted);
  });
});

describe('several ways to one egress', () => {
  it('are each compared', () => {
    expect(found(graph(PAIR, [[read], [appended('x')]], PAIR))).toEqual(WRONG);
    expect(found(graph(U32, [[appended('abcd')], [appended('abc')]], PAIR))).toEqual(WRONG);
    expect(found(graph(U32, [[appended('abcd')], [appended('abcde')]], PAIR))).toEqual(WRONG);
    expect(found(graph(U32, [[appended('abcd')], [prepended('ab'), appended('cd')]], PAIR))).toEqual(FINE);
    expect(found(graph(U32, [[appended('abcd')], [read]], PAIR))).toEqual(WRONG);
  });

  it('from several ingresses give one error, which names those that disagree', () => {
    const plan = graph(PAIR, [[read]], PAIR);
    const more = ['in2', 'in3', 'in4'].map((id, index) => ({
      boundary: { id, kind: 'ingress' as const, codec: index === 0 ? PAIR : U32 },
      connection: { from: id, to: 's0-0', lane: { kind: 'Events' } as const },
    }));
    const { diagnostics } = validate({
      ...plan,
      boundaries: [...plan.boundaries, ...more.map(({ boundary }) => boundary)],
      lane_graph: { connections: [...plan.lane_graph.connections, ...more.map(({ connection }) => connection)] },
    });
    expect(diagnostics).toMatchObject([{ code: 'EGRESS_CODEC', path: '/boundaries/1/codec' }]);
    expect(diagnostics[0]?.related?.map(({ path }) => path)).toEqual(['/boundaries/3/codec', '/boundaries/4/codec']);
  });
});

describe('a count by a field', () => {
  const tally: Op = { op: 'count', config: { key: { kind: 'field', name: 'b' } } };
  const keyed = (ops: readonly Op[]) => [...found(ring(PAIR, ops, 'bytes')), ...found(graph(PAIR, [ops], 'bytes'))];

  it('finds it where nothing has moved it', () => {
    expect(keyed([tally])).toEqual([]);
    expect(keyed([appended('x'), tally])).toEqual([]);
    expect(keyed([tally, prepended('x')])).toEqual([]);
    expect(keyed([{ ...js, keeps_layout: true }, tally])).toEqual([]);
  });

  it('does not find it behind what has moved or changed it', () => {
    const wanted = ['KEY_FIELD_WRITTEN /stages/1/config/key/name', 'KEY_FIELD_WRITTEN /stages/1/config/key/name'];
    expect(keyed([prepended('x'), tally])).toEqual(wanted);
    expect(keyed([js, tally])).toEqual(wanted);
  });
});
