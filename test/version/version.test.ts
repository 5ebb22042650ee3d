import { describe, expect, it } from 'vitest';
import { encodeSpec, lower } from '../../lib/lower/index.js';
import type { SingleRingPlan } from '../../lib/plan/document.js';
import { parsePlan } from '../../lib/plan/parse.js';
import { planId } from '../../lib/version/id.js';
import { PlanError } from '../../lib/version/plan-error.js';
import { compile, Version } from '../../lib/version/version.js';
import { checked, shards } from '../lower/plans.js';
import { decodeSpec } from '../support/spec/decode.js';
import { fullGraph, fullRing } from './plans.js';

/** What compile throws for a plan. */
function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('compile', () => {
  it('gives a version with the id, the text and the buffer of the plan', () => {
    const version = compile(fullRing);
    expect(version).toBeInstanceOf(Version);
    expect(version).toMatchObject({ id: planId(checked(fullRing)), name: 'full-ring', target: 'SingleRing' });
    expect(version.plan).toEqual(fullRing);
    expect(version.lowered).toEqual(lower(checked(fullRing)));
    expect(version.spec).toEqual(encodeSpec(version.lowered));
    expect(decodeSpec(version.spec)).toEqual(version.lowered);
  });

  it('gives the same version for the same plan as text', () => {
    const fromText = compile(parsePlan(JSON.stringify(fullRing), { file: 'plan.json' }));
    expect(fromText.id).toBe(compile(fullRing).id);
    expect(fromText.spec).toEqual(compile(fullRing).spec);
  });

  it('reports one role per boundary and stage in the order of flow, one lane a shard, and nothing inserted', () => {
    expect(JSON.parse(JSON.stringify(compile(shards)))).toEqual({
      id: planId(shards),
      name: 'shards',
      target: 'SingleRing',
      roles: [
        { id: 'events', kind: 'ingress', shards: 4 },
        { id: 'all', kind: 'stage', shards: 4 },
        { id: 'per-user', kind: 'stage', shards: 4 },
        { id: 'out', kind: 'egress', shards: 4 },
      ],
      lanes: [0, 1, 2, 3].map((shard) => ({ id: `ring:${shard}`, kind: 'Ring', from: 'events', to: 'out', shard })),
      inserted: [],
    });
  });

  it('reports the warnings of validation', () => {
    const plan: SingleRingPlan = {
      ...fullRing,
      single_ring: { ...fullRing.single_ring, shards: 1 },
    };
    const key = { severity: 'warning', path: '/single_ring/shard_key' };
    expect(compile(plan).report.warnings).toMatchObject([key]);
    expect(compile(fullRing).report.warnings).toEqual([]);
  });

  it('cannot be changed, nor change when its source does', () => {
    const source = structuredClone(fullRing) as unknown as { stages: { op: string }[] };
    const version = compile(source as unknown as SingleRingPlan);
    const before = { spec: version.spec, text: version.text };
    (source.stages[0] as { op: string }).op = 'identity';
    version.spec.fill(0);
    expect(version.plan).toEqual(fullRing);
    expect(version.spec).toEqual(before.spec);
    expect(() => Object.assign(version, { id: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(version.plan, { name: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(version.lowered.entries[0] as object, { mark: 1 })).toThrow(TypeError);
    expect(() => (version.report.roles as unknown[]).push(1)).toThrow(TypeError);
  });

  it('throws all errors of a plan at once, with their places', () => {
    const text = JSON.stringify(
      {
        ...fullRing,
        name: '1',
        single_ring: { ...fullRing.single_ring, shards: 1, producer: 'Many' },
      },
      null,
      1,
    );
    const error = thrownBy(() => compile(parsePlan(text, { file: 'plan.json' })));
    expect(error).toBeInstanceOf(PlanError);
    const { diagnostics, message } = error as PlanError;
    expect(diagnostics.map(({ path }) => path)).toEqual(['/name', '/single_ring/producer', '/single_ring/shard_key']);
    const lines = message.split('\n');
    expect(lines[0]).toBe('the plan has 2 errors; nothing was compiled:');
    expect(lines[1]).toMatch(/^ {2}plan\.json:3:10 \/name: error [A-Z_]+: .*"1"/);
    expect(lines[2]).toMatch(/^ {2}plan\.json:\d+:\d+ \/single_ring\/producer: error [A-Z_]+: /);
    expect(lines[3]).toMatch(/^ {2}plan\.json:\d+:\d+ \/single_ring\/shard_key: warning RING_SHARD_KEY_UNUSED: /);
  });

  it('says where an error of a plan without text is by its pointer', () => {
    const error = thrownBy(() => compile({ ...fullRing, name: '1' }));
    expect((error as PlanError).message).toMatch(
      /^the plan has 1 error; nothing was compiled:\n {2}\/name: error [A-Z_]+: /,
    );
  });

  it('never throws anything else for what is not a plan', () => {
    for (const value of [undefined, null, 1, 'x', [], {}, () => 1, { target: 'LaneGraph' }])
      expect(thrownBy(() => compile(value as never))).toBeInstanceOf(PlanError);
  });

  it('gives a version of a LaneGraph plan too, with what was inserted', () => {
    const version = compile(fullGraph);
    expect(version.lowered).toEqual(lower(checked(fullGraph)));
    expect(decodeSpec(version.spec)).toEqual(version.lowered);
    expect(version.report.inserted.map(({ id }) => id)).toEqual(['bridge:left:out', 'bridge:right:out', 'merge:out']);
  });

  it('refuses a LaneGraph plan that needs a feature which is off by its errors first', () => {
    const error = thrownBy(() => compile(fullGraph, { features: { lane_graph_journal: false } }));
    expect(error).toBeInstanceOf(PlanError);
    expect((error as PlanError).message).toContain('lane_graph_journal');
  });
});
