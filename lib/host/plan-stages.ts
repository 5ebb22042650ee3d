/** The stages of a plan that JavaScript runs. Pure; any thread. */

import { codecKind, layoutOf } from '../plan/codec-layout.js';
import type { Codec, LaneGraphPlan, PipelinePlanV2, SingleRingPlan, StageEntry } from '../plan/document.js';
import { flowOrder } from '../plan/flow.js';
import { functionOf, traitsOf } from '../plan/op-catalog.js';
import type { HostedStage } from './hosted-stage.js';

/** In the order of the catalog. The plan has been checked. */
export function hostedStages(plan: PipelinePlanV2): readonly HostedStage[] {
  const codecOf = plan.target === 'SingleRing' ? ringCodecs(plan) : graphCodecs(plan);
  return plan.stages.flatMap(({ id, op, config, access, filters, emits, room }) => {
    const name = functionOf(op);
    if (name === undefined) return [];
    const says = { access, filters, emits, room } as HostedStage['says'];
    return [{ id, name, codec: codecOf(id), ...(config === undefined ? {} : { config }), says }];
  });
}

/** All stages of a ring work on the one slot: a stage sees what those before it have made of the record. */
function ringCodecs({ stages, boundaries, single_ring }: SingleRingPlan): (id: string) => Codec {
  const { codec = 'bytes' } = boundaries.find(({ kind }) => kind === 'ingress') ?? {};
  const entries = new Map(stages.map((stage) => [stage.id, stage]));
  const ring = single_ring.stages;
  const before = new Map(
    ring.map(({ stage, depends_on }, i) => [
      stage,
      depends_on ?? ring.slice(Math.max(0, i - 1), i).map((previous) => previous.stage),
    ]),
  );
  return (id) => {
    const seen = new Set(before.get(id));
    for (const other of seen) for (const further of before.get(other) ?? []) seen.add(further);
    return [...seen].reduce((known, other) => behind(entries.get(other) as StageEntry, known), codec);
  };
}

/** What the lanes into a stage bring: bytes, unless all of them bring the same. */
function graphCodecs({ stages, boundaries, lane_graph: { connections } }: LaneGraphPlan): (id: string) => Codec {
  const entries = new Map(stages.map((stage) => [stage.id, stage]));
  const arriving = new Map<string, Codec>();
  const leaving = new Map<string, Codec>(boundaries.map(({ id, codec = 'bytes' }) => [id, codec]));
  for (const id of flowOrder(connections)) {
    const codecs = connections.filter(({ to }) => to === id).map(({ from }) => leaving.get(from) ?? 'bytes');
    const stage = entries.get(id);
    if (stage === undefined) continue;
    const codec = codecs.reduce((one, other) => (isSame(one, other) ? one : 'bytes'));
    arriving.set(id, codec);
    leaving.set(id, behind(stage, codec));
  }
  return (id) => arriving.get(id) ?? 'bytes';
}

/** Text stays text, as far as an op knows; a struct stays one only where its layout does. */
function behind(stage: StageEntry, codec: Codec): Codec {
  if (layoutOf(codec) === undefined || traitsOf(stage.op, undefined, stage)?.keepsLayout === true) return codec;
  return 'bytes';
}

function isSame(one: Codec, other: Codec): boolean {
  return JSON.stringify(layoutOf(one) ?? codecKind(one)) === JSON.stringify(layoutOf(other) ?? codecKind(other));
}
