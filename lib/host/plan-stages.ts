/** The stages of a plan that JavaScript runs. Pure; any thread. */

import { authorGraph } from '../lower/graph-author.js';
import type { Codec, PipelinePlanV2 } from '../plan/document.js';
import { functionOf } from '../plan/op-catalog.js';
import type { HostedStage } from './hosted-stage.js';

/** In the order of flow, as far as the plan says one. The plan has been checked. */
export function hostedStages(plan: PipelinePlanV2): readonly HostedStage[] {
  const codecOf = codecs(plan);
  return plan.stages.flatMap(({ id, op, access, filters, emits, room }) => {
    const name = functionOf(op);
    if (name === undefined) return [];
    return [{ id, name, codec: codecOf(id), says: { access, filters, emits, room } as HostedStage['says'] }];
  });
}

/** What an ingress upstream of a stage declares. */
function codecs(plan: PipelinePlanV2): (id: string) => Codec {
  if (plan.target === 'SingleRing') {
    const { codec = 'bytes' } = plan.boundaries.find(({ kind }) => kind === 'ingress') ?? {};
    return () => codec;
  }
  const known = authorGraph(plan).codecs;
  return (id) => known.get(id) ?? 'bytes';
}
