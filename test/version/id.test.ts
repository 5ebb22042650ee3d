import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { CheckedPlan, Codec, LaneGraphPlan, PipelinePlanV2, SingleRingPlan } from '../../lib/plan/document.js';
import { validateText } from '../../lib/validate/validate.js';
import { canonicalText, parseCanonicalText } from '../../lib/version/canonical-text.js';
import { planId, planText } from '../../lib/version/id.js';
import { checked } from '../lower/plans.js';
import { fullGraph, fullRing } from './plans.js';

const idOf = (plan: unknown): string => planId(plan as CheckedPlan);
const textOf = (plan: unknown): string => planText(plan as CheckedPlan);

/** Reverses the keys of every object. */
function reverseKeys<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(reverseKeys) as T;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reverseKeys(part)]),
  ) as T;
}

function without<T extends object>(object: T, ...keys: string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key))) as T;
}

const ringWith = (change: object): SingleRingPlan => ({
  ...fullRing,
  single_ring: { ...fullRing.single_ring, ...change },
});
const graphWith = (change: object): LaneGraphPlan => ({
  ...fullGraph,
  lane_graph: { ...fullGraph.lane_graph, ...change },
});

describe('the canonical text of a plan', () => {
  it('is as the golden file has it, for a ring', async () => {
    await expect(textOf(fullRing)).toMatchFileSnapshot('golden/full-ring.txt');
  });

  it('is as the golden file has it, for a graph', async () => {
    await expect(textOf(fullGraph)).toMatchFileSnapshot('golden/full-graph.txt');
  });

  it('is as the documentation shows it', () => {
    const page = readFileSync(new URL('../../docs/canonical-text.md', import.meta.url), 'utf8');
    const sample = /```\n(.*?)```/s.exec(page)?.[1];
    const plan: SingleRingPlan = {
      version: 2,
      name: 'errors',
      target: 'SingleRing',
      boundaries: [
        { id: 'in', kind: 'ingress', codec: 'utf8' },
        { id: 'out', kind: 'egress' },
      ],
      stages: [{ id: 'keep', op: 'filter', config: { contains: 'ERROR' } }],
      single_ring: { stages: [{ stage: 'keep' }] },
    };
    expect(planText(checked(plan))).toBe(sample);
  });

  it.each([fullRing, fullGraph])('round-trips through the parser ($name)', (plan) => {
    expect(canonicalText(parseCanonicalText(textOf(plan)))).toBe(textOf(plan));
  });

  it('is hashed with SHA-256 into the id', () => {
    expect(idOf(fullRing)).toBe(createHash('sha256').update(textOf(fullRing)).digest('hex'));
  });
});

const boundariesWithoutCodec = fullRing.boundaries.map((entry) =>
  entry.codec === 'bytes' ? without(entry, 'codec') : entry,
);
const [firstEntry, ...laterEntries] = fullRing.single_ring.stages;
const [firstStage, ...laterStages] = fullRing.stages;
const connections = fullGraph.lane_graph.connections;
const single = ringWith({ shards: 1, ordering: 'Strict', shard_key: undefined });

const withCodec = (codec: Codec): SingleRingPlan => ({
  ...fullRing,
  boundaries: fullRing.boundaries.map((entry) => (entry.kind === 'egress' ? { ...entry, codec } : entry)),
});

const cosmetics: readonly (readonly [string, PipelinePlanV2, PipelinePlanV2])[] = [
  ['the order of keys', fullRing, reverseKeys(fullRing)],
  ['the order of keys of a graph', fullGraph, reverseKeys(fullGraph)],
  ['the order of the stage catalog', fullRing, { ...fullRing, stages: [...fullRing.stages].reverse() }],
  ['the order of the boundary catalog', fullRing, { ...fullRing, boundaries: [...fullRing.boundaries].reverse() }],
  ['a codec of bytes left out', fullRing, { ...fullRing, boundaries: boundariesWithoutCodec }],
  ['json written as a map', withCodec('json'), withCodec({ kind: 'json' })],
  ['the producer left out', fullRing, ringWith({ producer: undefined })],
  ['the scheduling left out', fullRing, ringWith({ scheduling: undefined })],
  [
    'the first dependency list left out',
    fullRing,
    ringWith({ stages: [without(firstEntry as object, 'depends_on'), ...laterEntries] }),
  ],
  [
    'the order of a dependency list',
    fullRing,
    ringWith({
      stages: fullRing.single_ring.stages.map((entry) => ({
        ...entry,
        depends_on: [...(entry.depends_on ?? [])].reverse(),
      })),
    }),
  ],
  [
    'invert: false left out',
    fullRing,
    { ...fullRing, stages: [{ ...firstStage, config: { contains: 'a="b"\n' } } as never, ...laterStages] },
  ],
  [
    'an empty configuration of a built-in op',
    fullRing,
    { ...fullRing, stages: fullRing.stages.map((entry) => (entry.id === 'sum' ? { ...entry, config: {} } : entry)) },
  ],
  ['one shard written out', single, ringWith({ shards: undefined, ordering: 'Strict', shard_key: undefined })],
  ['Strict written out', single, ringWith({ shards: 1, ordering: undefined, shard_key: undefined })],
  ['a shard key that one shard ignores', single, ringWith({ shards: 1, ordering: 'Strict' })],
  ['on_full of a graph left out', fullGraph, graphWith({ on_full: undefined })],
  ['a default policy left out', fullGraph, graphWith({ boundary_policy: { out: 'Ordered' } })],
  [
    'on_full of connections left out',
    fullGraph,
    graphWith({
      connections: connections.map((entry) => (entry.on_full === 'Block' ? without(entry, 'on_full') : entry)),
    }),
  ],
  [
    'fsync left out',
    fullGraph,
    graphWith({
      connections: connections.map((entry) =>
        entry.lane.kind === 'Journal' ? { ...entry, lane: without(entry.lane, 'fsync') } : entry,
      ),
    }),
  ],
];

const meanings: readonly (readonly [string, PipelinePlanV2, PipelinePlanV2])[] = [
  ['the name', fullRing, { ...fullRing, name: 'other' }],
  ['the order of entries', fullRing, ringWith({ stages: [0, 2, 1, 3].map((at) => fullRing.single_ring.stages[at]) })],
  ['the order of connections', fullGraph, graphWith({ connections: [...connections].reverse() })],
  ['a caller’s empty configuration', fullRing, withScoreConfig({})],
  ['a caller’s null configuration', fullRing, withScoreConfig(null)],
  ['a caller’s missing configuration', withScoreConfig({}), withScoreConfig(undefined)],
  ['a dot in a caller’s key', withScoreConfig({ 'a.b': 1 }), withScoreConfig({ a: { b: 1 } })],
  ['an index as a caller’s key', withScoreConfig({ a: ['x'] }), withScoreConfig({ a: { '0': 'x' } })],
  ['a number as text', withScoreConfig({ a: 1 }), withScoreConfig({ a: '1' })],
  ['a one-shard plan’s ordering', single, ringWith({ shards: 1, ordering: 'PerKey', shard_key: undefined })],
  ['on_full of the graph alone', fullGraph, graphWith({ on_full: 'Drop' })],
  ['a codec of JSON instead of text', withCodec('json'), withCodec('utf8')],
  ['a policy', fullGraph, graphWith({ boundary_policy: { events: 'Broadcast', out: 'Interleave' } })],
];

function withScoreConfig(config: unknown): SingleRingPlan {
  const stages = fullRing.stages.map((entry) =>
    entry.id === 'score' ? (config === undefined ? without(entry, 'config') : { ...entry, config }) : entry,
  );
  return { ...fullRing, stages };
}

describe('the id of a version', () => {
  it.each(cosmetics)('is not changed by %s', (_, a, b) => {
    expect(planText(checked(b))).toBe(planText(checked(a)));
    expect(planId(checked(b))).toBe(planId(checked(a)));
  });

  it.each(meanings)('is changed by %s', (_, a, b) => {
    expect(planId(checked(b))).not.toBe(planId(checked(a)));
  });

  it.each([fullRing, fullGraph])('is the same for YAML with comments and for JSON ($name)', (plan) => {
    const yaml = `# a comment\n${stringify(plan)}# the end\n`;
    const ids = [yaml, JSON.stringify(plan), JSON.stringify(plan, null, 2)].map((text) => {
      const validation = validateText(text);
      return validation.ok ? planId(validation.plan) : validation.diagnostics;
    });
    expect(ids).toEqual([planId(checked(plan)), ids[0], ids[0]]);
  });
});

/** Every place in a document: path and value. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => places(part, [...path, key]))];
}

/** The document with the value at a path replaced; `replace` gets the old one. */
function edited(value: unknown, path: readonly string[], replace: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replace(value);
  const copy: unknown = structuredClone(value);
  Reflect.set(copy as object, key, edited(Reflect.get(copy as object, key), rest, replace));
  return copy;
}

/** A different value that no rule makes equal to the old one. */
function different(old: unknown): unknown {
  if (typeof old === 'number') return old + 1;
  if (typeof old === 'boolean') return !old;
  if (typeof old === 'string') return `${old}x`;
  if (old === null) return 0;
  if (Array.isArray(old)) return old.length === 0 ? [0] : old.slice(0, -1);
  return { ...(old as object), added: 1 };
}

/**
 * An unknown field or target is an error long before canonical text, which builds entries field by field; only a
 * configuration may hold anything.
 */
const isOpen = (path: readonly string[], value: unknown): boolean =>
  path[0] !== 'target' &&
  (typeof value !== 'object' || value === null || Array.isArray(value) || path.includes('config'));

describe('any single change of meaning', () => {
  it.each([fullRing, fullGraph])('changes the id, wherever it is made ($name)', (plan) => {
    const original = idOf(plan);
    const candidates = places(plan).filter((path) => {
      const value = path.reduce((node: unknown, key) => Reflect.get(node as object, key), plan);
      return isOpen(path, value);
    });
    expect(candidates.length).toBeGreaterThan(30);
    for (const path of candidates) expect(idOf(edited(plan, path, different)), path.join('/')).not.toBe(original);
  });

  it('changes the id also under any cosmetic change around it', () => {
    const changes = fc.record({
      cosmetic: fc.constantFrom(...cosmetics.filter(([, a]) => a === fullRing)),
      path: fc.constantFrom(...places(fullRing).filter((path) => path.at(-1) === 'contains' || path.at(-1) === 'op')),
    });
    fc.assert(
      fc.property(changes, ({ cosmetic: [, , rewritten], path }) => {
        expect(idOf(edited(fullRing, path, different))).not.toBe(idOf(rewritten));
      }),
    );
  });
});
