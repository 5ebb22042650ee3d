/**
 * A plan of either target as what an editor lays out: a line of stages with dependency lists (as a SingleRing is written),
 * or a topology of nodes and connections (as a LaneGraph is). The plan itself is only looked at: a view is no other
 * version of it. What a view cannot show it says in `notes`. Pure; any thread.
 *
 *   viewAsRing    in ─▶ 1 keep ─▶ 2 left ─▶ 3 right ─▶ 4 tail ─▶ out      left: keep · right: keep · tail: left, right
 *   viewAsGraph   in ─▶ keep ─┬─▶ left ──┬─▶ tail ─▶ out
 *                             └─▶ right ─┘
 */

import type {
  CheckedPlan,
  Lane,
  LaneGraphPlan,
  OnError,
  OnFull,
  PipelinePlanV2,
  SingleRingPlan,
  StageEntry,
  Target,
} from '../plan/document.js';
import { flowOrder, grouped } from '../plan/flow.js';
import { statedPolicy } from '../plan/policy.js';
import { count } from '../plan/words.js';
import { planId } from '../version/id.js';

/** The plan that is looked at. */
export interface ViewedPlan {
  /** Id of its version. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** The execution model that it has, whatever it is shown as. */
  readonly target: Target;
}

interface CommonCanvas {
  /** The plan that is shown. */
  readonly plan: ViewedPlan;
  /** What the plan says and this view does not show, a sentence each. */
  readonly notes: readonly string[];
}

/** A stage in a line. */
export interface RingCanvasStage {
  /** Id of the stage. */
  readonly stage: string;
  /** Its op. */
  readonly op: string;
  /** What becomes of a record that fails in it, where that is not `stop`. */
  readonly on_error?: OnError;
  /** Stages before it that it reads from. */
  readonly depends_on: readonly string[];
  /** Ingresses that it reads from. */
  readonly ingresses: readonly string[];
}

/** A line: every stage stands behind those that it depends on. */
export interface RingCanvas extends CommonCanvas {
  /** Tells it from a topology. */
  readonly as: 'ring';
  /** Ids of the ingresses. */
  readonly ingresses: readonly string[];
  /** In topological order. */
  readonly stages: readonly RingCanvasStage[];
  /** Egresses, each with the stages that it reads from. */
  readonly egresses: readonly {
    /** Id of the egress. */
    readonly id: string;
    /** Stages that it reads from. */
    readonly depends_on: readonly string[];
  }[];
}

/** A boundary or a stage, with its place. */
export interface GraphCanvasNode {
  /** Id of the boundary or stage. */
  readonly id: string;
  /** What it is. */
  readonly kind: 'ingress' | 'stage' | 'egress';
  /** Of a stage. */
  readonly op?: string;
  /** Of a stage: what becomes of a record that fails in it, where that is not `stop`. */
  readonly on_error?: OnError;
  /** How many nodes stand before it on the longest way: its place from left to right. */
  readonly column: number;
  /** Its place in its column, from the top. */
  readonly row: number;
}

/** A connection. */
export interface GraphCanvasEdge {
  /** Id of the node that writes. */
  readonly from: string;
  /** Id of the node that reads. */
  readonly to: string;
  /** `Ring`: both ends work on the slots of one ring, and there is no lane. */
  readonly lane: Lane['kind'] | 'Ring';
  /** What the writer does when there is no room. */
  readonly on_full: OnFull;
}

/** A topology, as the author drew it: what the compiler inserts is not in it. */
export interface GraphCanvas extends CommonCanvas {
  /** Tells it from a line. */
  readonly as: 'graph';
  /** In topological order. */
  readonly nodes: readonly GraphCanvasNode[];
  /** In the order of the plan. */
  readonly edges: readonly GraphCanvasEdge[];
}

/** What a view answers; `as` tells the two apart. */
export type Canvas = RingCanvas | GraphCanvas;

interface Flow {
  /** Boundaries and stages in topological order. */
  readonly order: readonly string[];
  readonly edges: readonly GraphCanvasEdge[];
}

/** A ring's dependencies as edges: what has none reads the ingress, what nothing depends on goes to the egress. */
function ringFlow(plan: SingleRingPlan): Flow {
  const { stages } = plan.single_ring;
  const idOf = (kind: 'ingress' | 'egress'): string => plan.boundaries.find((entry) => entry.kind === kind)?.id ?? '';
  const [ingress, egress] = [idOf('ingress'), idOf('egress')];
  const depended = new Set(stages.flatMap(({ depends_on = [] }) => depends_on));
  const edge = (from: string, to: string): GraphCanvasEdge => ({ from, to, lane: 'Ring', on_full: 'Block' });
  const inner = stages.flatMap(({ stage, depends_on = [] }) =>
    depends_on.length === 0 ? [edge(ingress, stage)] : depends_on.map((before) => edge(before, stage)),
  );
  const last = stages.filter(({ stage }) => !depended.has(stage)).map(({ stage }) => edge(stage, egress));
  return { order: [ingress, ...stages.map(({ stage }) => stage), egress], edges: [...inner, ...last] };
}

function graphFlow({ lane_graph: { connections, on_full: graphOnFull = 'Block' } }: LaneGraphPlan): Flow {
  const edges = connections.map(({ from, to, lane, on_full = graphOnFull }) => ({
    from,
    to,
    lane: lane.kind,
    on_full,
  }));
  return { order: flowOrder(connections), edges };
}

const flowOf = (plan: PipelinePlanV2): Flow => (plan.target === 'SingleRing' ? ringFlow(plan) : graphFlow(plan));

const viewed = (plan: CheckedPlan): ViewedPlan => {
  const { name, target }: PipelinePlanV2 = plan;
  return { id: planId(plan), name, target };
};

/** What a graph says and a line of stages has no words for. */
function graphNotes(plan: LaneGraphPlan, { edges }: Flow): string[] {
  const ends = (kind: 'ingress' | 'egress') => plan.boundaries.filter((entry) => entry.kind === kind).length;
  const [ingresses, egresses] = [ends('ingress'), ends('egress')];
  const kinds = [...new Set(edges.map(({ lane }) => lane))].sort();
  const drops = edges.filter(({ on_full }) => on_full === 'Drop').length;
  const policies = plan.boundaries.filter(({ id }) => statedPolicy(plan, id) !== undefined);
  return [
    ...(ingresses === 1 && egresses === 1
      ? []
      : [`A ring has one ingress and one egress; this plan has ${ingresses} and ${egresses}.`]),
    `Its ${count(edges.length, 'connection')} are lanes (${kinds.join(', ')}), which are not shown.`,
    ...(drops === 0 ? [] : [`${count(drops, 'connection')} may drop records; a ring never does.`]),
    ...(policies.length === 0 ? [] : [`Policies are not shown: ${policies.map(({ id }) => id).join(', ')}.`]),
  ];
}

/** What a ring says and a topology has no words for. */
function ringNotes({ single_ring: { shards = 1, ordering = 'Strict' } }: SingleRingPlan): string[] {
  return [
    'Its stages work in place on the slots of a ring; there are no lanes.',
    ...(shards === 1 ? [] : [`It runs ${shards} times in parallel (shards), each with a part of the records.`]),
    ...(ordering === 'Strict' ? [] : ['Order is kept for each key, which is not shown.']),
  ];
}

const onErrorIn = (stage: StageEntry | undefined): { readonly on_error?: OnError } =>
  stage?.on_error === undefined || stage.on_error === 'stop' ? {} : { on_error: stage.on_error };

/** Any plan as a line of stages with dependency lists. Pure; any thread. */
export function viewAsRing(plan: CheckedPlan): RingCanvas {
  const authored: PipelinePlanV2 = plan;
  const flow = flowOf(authored);
  const stages = new Map(authored.stages.map((stage) => [stage.id, stage]));
  const kinds = new Map(authored.boundaries.map(({ id, kind }) => [id, kind]));
  const into = grouped(flow.edges, ({ to }) => to);
  const before = (id: string): readonly string[] => (into.get(id) ?? []).map(({ from }) => from);
  const ofKind = (kind: 'ingress' | 'egress') => flow.order.filter((id) => kinds.get(id) === kind);
  return {
    as: 'ring',
    plan: viewed(plan),
    notes: authored.target === 'LaneGraph' ? graphNotes(authored, flow) : [],
    ingresses: ofKind('ingress'),
    stages: flow.order
      .filter((id) => !kinds.has(id))
      .map((id) => ({
        stage: id,
        op: stages.get(id)?.op ?? '',
        ...onErrorIn(stages.get(id)),
        depends_on: before(id).filter((one) => !kinds.has(one)),
        ingresses: before(id).filter((one) => kinds.has(one)),
      })),
    egresses: ofKind('egress').map((id) => ({ id, depends_on: before(id) })),
  };
}

/** For each node, the number of nodes before it on the longest way. */
function columnsOf({ order, edges }: Flow): ReadonlyMap<string, number> {
  const into = grouped(edges, ({ to }) => to);
  const columns = new Map<string, number>();
  for (const id of order) {
    const before = (into.get(id) ?? []).map(({ from }) => (columns.get(from) ?? 0) + 1);
    columns.set(
      id,
      before.reduce((most, column) => Math.max(most, column), 0),
    );
  }
  return columns;
}

/** Any plan as a topology of nodes and edges. Pure; any thread. */
export function viewAsGraph(plan: CheckedPlan): GraphCanvas {
  const authored: PipelinePlanV2 = plan;
  const flow = flowOf(authored);
  const stages = new Map(authored.stages.map((stage) => [stage.id, stage]));
  const kinds = new Map(authored.boundaries.map(({ id, kind }) => [id, kind]));
  const columns = columnsOf(flow);
  const rows = new Map<number, number>();
  const nodes = flow.order.map((id): GraphCanvasNode => {
    const column = columns.get(id) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    const stage = stages.get(id);
    const does = stage === undefined ? {} : { op: stage.op, ...onErrorIn(stage) };
    return { id, kind: kinds.get(id) ?? 'stage', ...does, column, row };
  });
  const notes = authored.target === 'SingleRing' ? ringNotes(authored) : [];
  return { as: 'graph', plan: viewed(plan), notes, nodes, edges: flow.edges };
}
