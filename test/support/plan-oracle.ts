/**
 * A second opinion on whether a plan is valid: the rules of docs/plan.md written down as plainly as possible, with no care
 * for messages, places or speed. It shares the schema of single values with the product and nothing else.
 */
import { layoutStruct, parseScalar } from '../../lib/plan/codec-layout.js';
import type {
  BoundaryEntry,
  Codec,
  Key,
  LaneGraphPlan,
  PipelinePlanV2,
  SingleRingPlan,
  StageEntry,
} from '../../lib/plan/document.js';
import { OP_CATALOG, traitsOf } from '../../lib/plan/op-catalog.js';
import { planSchema } from './plan-schema.js';

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

type Struct = Extract<Codec, { readonly kind: 'struct' }>;

const isStruct = (codec: Codec | undefined): codec is Struct => typeof codec === 'object' && codec.kind === 'struct';

function codecIsSound({ codec }: BoundaryEntry): boolean {
  if (!isStruct(codec)) return true;
  return (
    codec.fields.every(({ type }) => parseScalar(type) !== undefined) &&
    allDifferent(codec.fields.map(({ name }) => name)) &&
    layoutStruct(codec.fields).size <= 1 << 20
  );
}

function stageIsSound(stage: StageEntry): boolean {
  const { op, config } = stage;
  if (DECLARED.some((field) => stage[field] !== undefined) && !declarationsHold(stage)) return false;
  const entry = OP_CATALOG.get(op);
  if (entry === undefined) return traitsOf(op) !== undefined;
  return entry.config.safeParse(config === undefined ? {} : config).success;
}

/** What one way makes of a record: bytes put before and behind it, or undefined behind an op that may change anything. */
type Way = { readonly before: number; readonly behind: number } | undefined;

function wayThrough(stages: readonly StageEntry[]): Way {
  let way: Way = { before: 0, behind: 0 };
  for (const stage of stages) {
    const text = new TextEncoder().encode((stage.config as { text?: string } | undefined)?.text ?? '').length;
    if (way === undefined) return undefined;
    if (stage.op === 'prepend') way = { ...way, before: way.before + text };
    else if (stage.op === 'append') way = { ...way, behind: way.behind + text };
    else if (traitsOf(stage.op, OP_CATALOG, stage)?.keepsLayout === false) way = undefined;
  }
  return way;
}

/** May records of this ingress, having come this way, be read at this egress? */
function canBeRead(
  { codec: from = 'bytes' }: BoundaryEntry,
  way: Way,
  { codec: to = 'bytes' }: BoundaryEntry,
): boolean {
  const isText = ({ fields }: Struct): boolean =>
    fields.every(({ type }) => type.startsWith('utf8(') || type.startsWith('bytes('));
  if (way === undefined || from === 'bytes') return true;
  if (!isStruct(to)) return !isStruct(from) || to === 'bytes' || to === 'utf8' || isText(from);
  if (!isStruct(from)) return isText(to);
  const added = way.before + way.behind;
  const [one, other] = [layoutStruct(from.fields), layoutStruct(to.fields)];
  return added === 0 ? one.hash === other.hash : one.size + added === other.size;
}

function declarationsHold({ op, access, emits, emits_max, room = 0, keeps_layout }: StageEntry): boolean {
  if (OP_CATALOG.has(op)) return false;
  return !(
    (emits_max !== undefined && emits !== true) ||
    (access === 'read' && (room > 0 || (keeps_layout === false && emits !== true)))
  );
}

const DECLARED = ['access', 'sink', 'filters', 'emits', 'emits_max', 'room', 'keeps_layout'] as const;

function keyFits(key: Key | undefined, sources: readonly BoundaryEntry[]): boolean {
  if (key?.kind !== 'field') return true;
  const places = sources.map(({ codec }) => {
    if (!isStruct(codec)) return undefined;
    const field = layoutStruct(codec.fields).fields.find(({ name }) => name === key.name);
    return field && `${field.kind} ${field.size} ${field.offset}`;
  });
  return places.every((place) => place !== undefined) && new Set(places).size <= 1;
}

/** A set_field finds one struct on all ways, its fields in it, and a constant of the field's type. */
function fieldFits(
  stage: StageEntry,
  ways: readonly { readonly from: BoundaryEntry; readonly stages: readonly StageEntry[] }[],
): boolean {
  if (stage.op !== 'set_field') return true;
  const config = stage.config as { field: string; value?: unknown; add?: unknown; from?: string };
  const layouts = ways.map(({ from, stages }) => {
    const kept = stages.every((one) => traitsOf(one.op, OP_CATALOG, one)?.keepsLayout === true);
    return kept && isStruct(from.codec) ? layoutStruct(from.codec.fields) : undefined;
  });
  return layouts.every((layout) => {
    const field = layout?.fields.find(({ name }) => name === config.field);
    const other = layout?.fields.find(({ name }) => name === config.from);
    if (field === undefined || layout?.hash !== layouts[0]?.hash) return false;
    if (config.from !== undefined)
      return other !== undefined && other !== field && other.kind === field.kind && other.size === field.size;
    if (config.add !== undefined && ['bool', 'utf8', 'bytes'].includes(field.kind)) return false;
    return isConstant(field.kind, field.size, config.add ?? config.value);
  });
}

function isConstant(kind: string, size: number, value: unknown): boolean {
  if (kind === 'bool') return typeof value === 'boolean';
  if (kind === 'utf8') return typeof value === 'string' && Buffer.byteLength(value) <= size && !value.endsWith('\0');
  if (kind === 'bytes') return typeof value === 'string' && value.length === 2 * size && !/[^0-9a-f]/i.test(value);
  if (kind === 'f64') return typeof value === 'number';
  if (kind === 'f32') return typeof value === 'number' && Number.isFinite(Math.fround(value));
  const text = typeof value === 'string' && size === 8 && /^-?\d{1,20}$/.test(value) && String(BigInt(value)) === value;
  if (!text && !Number.isSafeInteger(value)) return false;
  const whole = BigInt(value as string | number);
  return (kind.startsWith('u') ? BigInt.asUintN : BigInt.asIntN)(8 * size, whole) === whole;
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
  const writes = (id: string) => traitsIn(plan, id)?.access === 'write';
  const related = (a: string, b: string) => before.get(a)?.has(b) === true || before.get(b)?.has(a) === true;
  const races = order.some((a) => order.some((b) => a !== b && !related(a, b) && (writes(a) || writes(b))));
  return (
    !races &&
    !(shards > 1 && (ordering === 'Strict' || shard_key === undefined)) &&
    producer !== 'Mpmc' &&
    scheduling !== 'WorkQueue' &&
    (shards === 1 || keyFits(shard_key, ingresses)) &&
    plan.stages.every((stage) => keyFits(countKey(stage), ingresses)) &&
    plan.stages.every((stage) => {
      const passed = plan.stages.filter(({ id }) => before.get(stage.id)?.has(id));
      return fieldFits(stage, [{ from: ingresses[0] as BoundaryEntry, stages: passed }]);
    }) &&
    plan.stages.every((stage) => traitsIn(plan, stage.id)?.emits === false) &&
    plan.boundaries.every(
      (end) => end.kind === 'ingress' || canBeRead(ingresses[0] as BoundaryEntry, wayThrough(plan.stages), end),
    )
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
  const sink = (id: string) => traitsIn(plan, id)?.sink === true;
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
  if (!policies || !keys) return false;
  const all = plan.boundaries.filter(({ kind }) => kind === 'ingress').flatMap((from) => waysFrom(plan, from));
  const ways = all.every(({ from, stages: passed, end }) => {
    const egress = plan.boundaries.find(({ id }) => id === end);
    return egress === undefined || canBeRead(from, wayThrough(passed), egress);
  });
  const fields = plan.stages.every((stage) =>
    fieldFits(
      stage,
      all.filter(({ end }) => end === stage.id),
    ),
  );
  const ordered = all.every(({ stages: passed, end }) => {
    if (boundary_policy[end] !== 'Ordered') return true;
    const merged = [...passed.map(({ id }) => id), end].map((id) =>
      bitsFor(connections.filter(({ to }) => to === id).length),
    );
    const emitted = passed.map((stage) => bitsFor(stage.emits_max ?? 1));
    const bounded = passed.every(({ emits, emits_max }) => emits !== true || emits_max !== undefined);
    return bounded && [...merged, ...emitted].reduce((sum, bits) => sum + bits, 0) <= 24;
  });
  return ways && fields && ordered && [...ingresses, ...stages].every((id) => outletIsSound(id, plan, on_full));
}

function traitsIn(plan: PipelinePlanV2, id: string) {
  const stage = plan.stages.find((one) => one.id === id);
  return stage && traitsOf(stage.op, OP_CATALOG, stage);
}

function bitsFor(copies: number): number {
  let bits = 0;
  while (2 ** bits < copies) bits += 1;
  return bits;
}

interface FullWay {
  readonly from: BoundaryEntry;
  /** The stages that are passed, without the end. */
  readonly stages: readonly StageEntry[];
  readonly end: string;
}

/** Every way from an ingress to every stage and egress behind it. The graph has no cycle. */
function waysFrom(plan: LaneGraphPlan, from: BoundaryEntry): FullWay[] {
  const found: FullWay[] = [];
  const walk = (id: string, stages: readonly StageEntry[]): void => {
    for (const { to } of plan.lane_graph.connections.filter((one) => one.from === id)) {
      found.push({ from, stages, end: to });
      const stage = plan.stages.find((one) => one.id === to);
      if (stage !== undefined) walk(to, [...stages, stage]);
    }
  };
  walk(from.id, []);
  return found;
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
