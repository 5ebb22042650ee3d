/**
 * A second opinion on whether a plan is valid: the contract's rules written down as plainly as possible, with no care
 * for messages, places or speed. It shares the schema of single values with the product and nothing else.
 */
import { layoutStruct, parseScalar } from '../../lib/plan/codec-layout.js';
import type { BoundaryEntry, Key, LaneGraphPlan, PipelinePlanV2, SingleRingPlan } from '../../lib/plan/document.js';
import { OP_CATALOG, traitsOf } from '../../lib/plan/op-catalog.js';
import { planSchema } from '../../lib/plan/schema.js';

export function isValidPlan(document: unknown): boolean {
  const parsed = planSchema.safeParse(document);
  if (!parsed.success) return false;
  const plan = parsed.data as PipelinePlanV2;
  const ids = [...plan.stages, ...plan.boundaries].map(({ id }) => id);
  return (
    allDifferent(ids) &&
    plan.boundaries.every(codecIsSound) &&
    plan.stages.every(stageIsSound) &&
    (plan.target === 'SingleRing' ? ringIsSound(plan) : graphIsSound(plan))
  );
}

function allDifferent(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

function codecIsSound({ codec }: BoundaryEntry): boolean {
  if (typeof codec !== 'object') return true;
  return (
    codec.fields.every(({ type }) => parseScalar(type) !== undefined) &&
    allDifferent(codec.fields.map(({ name }) => name)) &&
    layoutStruct(codec.fields).size <= 1 << 20
  );
}

function stageIsSound({ op, config }: PipelinePlanV2['stages'][number]): boolean {
  const entry = OP_CATALOG.get(op);
  if (entry === undefined) return traitsOf(op) !== undefined;
  return entry.config.safeParse(config === undefined ? {} : config).success;
}

function keyFits(key: Key | undefined, sources: readonly BoundaryEntry[]): boolean {
  if (key?.kind !== 'field') return true;
  const places = sources.map(({ codec }) => {
    if (typeof codec !== 'object') return undefined;
    const field = layoutStruct(codec.fields).fields.find(({ name }) => name === key.name);
    return field && `${field.kind} ${field.size} ${field.offset}`;
  });
  return places.every((place) => place !== undefined) && new Set(places).size <= 1;
}

function countKey(stage: PipelinePlanV2['stages'][number]): Key | undefined {
  return stage.op === 'count' ? (stage.config as { key?: Key } | undefined)?.key : undefined;
}

function ringIsSound(plan: SingleRingPlan): boolean {
  const { stages, shards = 1, ordering = 'Strict', producer, scheduling, shard_key } = plan.single_ring;
  const ingresses = plan.boundaries.filter(({ kind }) => kind === 'ingress');
  if (ingresses.length !== 1 || plan.boundaries.length !== 2) return false;
  const order = stages.map(({ stage }) => stage);
  if (
    order.length > 64 ||
    [...order].sort().join() !==
      plan.stages
        .map(({ id }) => id)
        .sort()
        .join()
  )
    return false;
  const before = new Map<string, Set<string>>();
  for (const [index, { stage, depends_on }] of stages.entries()) {
    if (depends_on === undefined && index > 0) return false;
    const direct = depends_on ?? [];
    if (!allDifferent(direct) || !direct.every((id) => before.has(id))) return false;
    before.set(stage, new Set([...direct, ...direct.flatMap((id) => [...(before.get(id) as Set<string>)])]));
  }
  const writes = (id: string) => traitsOf(plan.stages.find((stage) => stage.id === id)?.op ?? '')?.access === 'write';
  const related = (a: string, b: string) => before.get(a)?.has(b) === true || before.get(b)?.has(a) === true;
  const races = order.some((a) => order.some((b) => a !== b && !related(a, b) && (writes(a) || writes(b))));
  return (
    !races &&
    !(shards > 1 && (ordering === 'Strict' || shard_key === undefined)) &&
    producer !== 'Mpmc' &&
    scheduling !== 'WorkQueue' &&
    (shards === 1 || keyFits(shard_key, ingresses)) &&
    plan.stages.every((stage) => keyFits(countKey(stage), ingresses))
  );
}

function graphIsSound(plan: LaneGraphPlan): boolean {
  const { connections, boundary_policy = {}, on_full = 'Block' } = plan.lane_graph;
  const stages = plan.stages.map(({ id }) => id);
  const ofKind = (kind: BoundaryEntry['kind']) =>
    plan.boundaries.filter((one) => one.kind === kind).map(({ id }) => id);
  const [ingresses, egresses] = [ofKind('ingress'), ofKind('egress')];
  const shapes = connections.every(
    ({ from, to }) =>
      (stages.includes(from) || ingresses.includes(from)) &&
      (stages.includes(to) || egresses.includes(to)) &&
      !(ingresses.includes(from) && egresses.includes(to)) &&
      from !== to,
  );
  if (!shapes || ingresses.length === 0) return false;
  if (!allDifferent(connections.map(({ from, to }) => `${from} ${to}`))) return false;
  const reach = reachability(connections);
  const sink = (id: string) => traitsOf(plan.stages.find((stage) => stage.id === id)?.op ?? '')?.sink === true;
  const ends = (id: string) => egresses.includes(id) || sink(id);
  const stageHolds = (id: string) =>
    !reach(id, id) &&
    ingresses.some((one) => reach(one, id)) &&
    (sink(id) || [...stages, ...egresses].some((one) => ends(one) && reach(id, one)));
  const leafHolds = (id: string) => sink(id) || connections.some(({ from }) => from === id);
  if (!stages.every((id) => stageHolds(id) && leafHolds(id))) return false;
  if (![...ingresses, ...egresses].every((id) => connections.some(({ from, to }) => from === id || to === id)))
    return false;
  const sourcesOf = (id: string) => plan.boundaries.filter((one) => one.kind === 'ingress' && reach(one.id, id));
  const policies = Object.entries(boundary_policy).every(([id, policy]) => {
    if (ingresses.includes(id)) {
      if (typeof policy === 'object')
        return keyFits(
          policy.key,
          plan.boundaries.filter((one) => one.id === id),
        );
      return policy === 'Broadcast' || policy === 'RoundRobin';
    }
    return egresses.includes(id) && (policy === 'Interleave' || (policy === 'Ordered' && sourcesOf(id).length === 1));
  });
  const keys = plan.stages.every((stage) => keyFits(countKey(stage), sourcesOf(stage.id)));
  return policies && keys && [...ingresses, ...stages].every((id) => outletIsSound(id, plan, on_full));
}

function reachability(connections: readonly { from: string; to: string }[]): (from: string, to: string) => boolean {
  const pairs = new Set(connections.map(({ from, to }) => `${from} ${to}`));
  const nodes = [...new Set(connections.flatMap(({ from, to }) => [from, to]))];
  for (const middle of nodes) {
    for (const from of nodes) {
      for (const to of nodes)
        if (pairs.has(`${from} ${middle}`) && pairs.has(`${middle} ${to}`)) pairs.add(`${from} ${to}`);
    }
  }
  return (from, to) => pairs.has(`${from} ${to}`);
}

function outletIsSound(id: string, plan: LaneGraphPlan, graphOnFull: string): boolean {
  const readers = plan.lane_graph.connections.filter((one) => one.from === id && one.lane.kind === 'FanoutBroadcast');
  const said = readers.map(({ lane, on_full = graphOnFull }) => JSON.stringify([Object.entries(lane).sort(), on_full]));
  const policy = plan.lane_graph.boundary_policy?.[id] ?? 'Broadcast';
  return (
    readers.length === 0 ||
    (new Set(said).size === 1 &&
      readers.every(({ lane }) => lane.kind === 'FanoutBroadcast' && lane.consumers === readers.length) &&
      policy === 'Broadcast')
  );
}
