import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSpec, type GraphSpec, type LaneSpec, lower } from '../../lib/lower/index.js';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { compile } from '../../lib/version/version.js';
import { arbitraryGraphPlan } from '../support/arbitrary-plan.js';
import { decodeSpec } from '../support/spec/decode.js';
import { SpecError } from '../support/spec/spec-error.js';
import { checked } from './plans.js';

const plans = arbitraryGraphPlan({ callerOps: true, maxStages: 10 });

const lowered = (plan: LaneGraphPlan): GraphSpec => lower(checked(plan));

/** All ways from one role of the author to another that go through inserted elements only, as lists of lanes. */
function ways(spec: GraphSpec, from: number, to: number, removed?: number): readonly (readonly LaneSpec[])[] {
  return (spec.roles[from]?.outlets ?? []).flatMap((index) => {
    const lane = spec.lanes[index] as LaneSpec;
    return lane.readers.flatMap((reader) => {
      if (reader === removed) return [];
      if (reader === to) return [[lane]];
      if (spec.roles[reader]?.index !== null) return [];
      return ways(spec, reader, to, removed).map((rest) => [lane, ...rest]);
    });
  });
}

const roleOf = (spec: GraphSpec, id: string): number => spec.roles.findIndex((role) => role.id === id);

/** The spec with an inserted element taken out and its neighbours joined directly: what a cleverer compiler would do. */
function without(spec: GraphSpec, role: number): GraphSpec {
  const { inlets, outlets } = spec.roles[role] as GraphSpec['roles'][number];
  // An element's own inserted lane goes with it: before a router and a bridge at one, behind a merge and a bridge at one.
  const before = inlets.length === 1 && spec.lanes[inlets[0] as number]?.inserted === true;
  const gone = before ? (inlets[0] as number) : (outlets[0] as number);
  const outer = spec.lanes[gone] as LaneSpec;
  const lanes = spec.lanes.map((lane, index): LaneSpec => {
    if (before && outlets.includes(index)) return { ...lane, writer: outer.writer };
    if (!before && inlets.includes(index))
      return {
        ...lane,
        readers: lane.readers.map((reader) => (reader === role ? (outer.readers[0] as number) : reader)),
      };
    return lane;
  });
  const joined = spec.roles.map((other, index) => {
    if (before && index === outer.writer)
      return { ...other, outlets: other.outlets.flatMap((lane) => (lane === gone ? outlets : [lane])) };
    if (!before && index === outer.readers[0])
      return { ...other, inlets: other.inlets.flatMap((lane) => (lane === gone ? inlets : [lane])) };
    return other;
  });
  const roleAt = (index: number): number => (index > role ? index - 1 : index);
  const laneAt = (index: number): number => (index > gone ? index - 1 : index);
  return {
    ...spec,
    roles: joined
      .filter((_, index) => index !== role)
      .map((other) => ({ ...other, inlets: other.inlets.map(laneAt), outlets: other.outlets.map(laneAt) })),
    lanes: lanes
      .filter((_, index) => index !== gone)
      .map((lane) => ({ ...lane, writer: roleAt(lane.writer), readers: lane.readers.map(roleAt) })),
  };
}

const inserted = (spec: GraphSpec): number[] => spec.roles.flatMap(({ index }, role) => (index === null ? [role] : []));

describe('lowering any graph', () => {
  it('serves every connection by exactly one path, of the lane that was asked for, and joins nothing else', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const spec = lowered(plan);
        const { connections, on_full: graphOnFull = 'Block' } = plan.lane_graph;
        const ends = [...plan.boundaries, ...plan.stages].map(({ id }) => id);
        for (const from of ends) {
          for (const to of ends) {
            const index = connections.findIndex((one) => one.from === from && one.to === to);
            const found = ways(spec, roleOf(spec, from), roleOf(spec, to));
            expect(found).toHaveLength(index < 0 ? 0 : 1);
            if (index < 0) continue;
            const { lane, on_full: onFull = graphOnFull } = connections[index] as (typeof connections)[number];
            const kind = lane.kind === 'FanoutBroadcast' && onFull === 'Drop' ? 'Events' : lane.kind;
            const authored = (found[0] ?? []).filter((one) => !one.inserted);
            expect(authored).toMatchObject([{ kind, onFull }]);
          }
        }
      }),
    );
  });

  it('inserts nothing that could be taken out', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const spec = lowered(plan);
        for (const role of inserted(spec)) {
          const lost = plan.lane_graph.connections.filter(
            ({ from, to }) => ways(spec, roleOf(spec, from), roleOf(spec, to), role).length === 0,
          );
          expect(lost).not.toEqual([]);
          const joined = encodeSpec(without(spec, role));
          expect(() => decodeSpec(joined)).toThrow(SpecError);
          expect(() => decodeSpec(joined)).toThrow(
            /inlet_count|outlet_count|of another kind than Events|without a relay/,
          );
        }
      }),
    );
  });

  it('gives the same bytes twice, whatever the order of the catalogs, and they decode to the same spec', () => {
    fc.assert(
      fc.property(plans, fc.infiniteStream(fc.nat()), (plan, numbers) => {
        const spec = lowered(plan);
        const bytes = encodeSpec(spec);
        expect(decodeSpec(bytes)).toEqual(spec);
        expect(encodeSpec(lowered(structuredClone(plan)))).toEqual(bytes);
        const shuffled = <T>(list: readonly T[]): T[] =>
          list
            .map((item) => [numbers.next().value as number, item] as const)
            .sort(([a], [b]) => a - b)
            .map(([, item]) => item);
        const other = { ...plan, stages: shuffled(plan.stages), boundaries: shuffled(plan.boundaries) };
        expect(encodeSpec(lowered(other))).toEqual(bytes);
      }),
    );
  });

  it('reports each inserted element once, with a place in the plan that exists, relays as the runtime’s, and a lane each', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const spec = lowered(plan);
        const { report } = compile(plan);
        const roles = inserted(spec).map((role) => spec.roles[role] as GraphSpec['roles'][number]);
        const relays = roles.filter(({ relay }) => relay);
        expect(report.inserted.map(({ id }) => id)).toEqual(
          roles.filter((role) => !relays.includes(role)).map(({ id }) => id),
        );
        expect(report.roles.filter(({ origin }) => origin === 'runtime').map(({ id }) => id)).toEqual(
          relays.map(({ id }) => id),
        );
        const lanes = report.lanes.filter((lane) => lane.kind !== 'Ring' && lane.inserted);
        expect(lanes).toHaveLength(roles.length);
        expect(lanes.filter((lane) => lane.kind !== 'Ring' && lane.origin === 'runtime')).toHaveLength(relays.length);
        for (const { path, cost } of report.inserted) {
          const place = path
            .slice(1)
            .split('/')
            .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], plan);
          expect(place).toBeDefined();
          expect(cost.agents).toBe(1);
          expect(cost.bytes).toBeGreaterThan(1 << 20);
        }
      }),
    );
  });
});
