/**
 * What a LaneGraph plan will do, as facts: the graph as its author drew it, and the graph that runs, with what the
 * compiler put in and why, and the memory of the lanes. Pure; any thread.
 */

import { type GraphMemory, type GraphSizesAsked, planGraphMemory } from '../layout/graph-memory.js';
import type { GraphSpec } from '../lower/spec.js';
import type { BoundaryPolicy, Connection, LaneGraphPlan, OnError, OnFull } from '../plan/document.js';
import { laneWords, policyWords } from '../plan/element-words.js';
import { flowOrder } from '../plan/flow.js';
import { policyInForce, policyOf } from '../plan/policy.js';
import type { GraphLaneReport, GraphReport, InsertedElement, Role } from '../version/report.js';
import type { Version } from '../version/version.js';
import { type CommonDescription, type DescribedBoundary, describeBoundary } from './boundary.js';
import { drawFlow } from './drawing-flow.js';
import { describeOwnStages } from './own-stages.js';

/** The graph that runs. */
export interface LoweredDescription {
  /** As of the plan, with inserted elements in brackets. */
  readonly drawing: readonly string[] | null;
  /** Ingresses, stages, egresses and what was inserted. */
  readonly roles: readonly Role[];
  /** Every lane, authored and inserted. */
  readonly lanes: readonly GraphLaneReport[];
  /** Routers, merges and bridges, each with its rule and reason. */
  readonly inserted: readonly InsertedElement[];
}

/** What a LaneGraph plan will do: made by `describePlan`. */
export interface GraphDescription extends CommonDescription {
  /** Tells it from the description of a ring. */
  readonly target: 'LaneGraph';
  /** What connections do that do not say it themselves. */
  readonly onFull: OnFull;
  /** In the order of the plan. */
  readonly boundaries: readonly (DescribedBoundary & {
    /** The policy of the plan, stated or by default. */
    readonly policy: BoundaryPolicy;
    /** What it does here, in words: with one connection most policies have nothing to decide. */
    readonly policyWords: string;
  })[];
  /** In the order of the plan. */
  readonly stages: readonly {
    /** Id of the stage. */
    readonly id: string;
    /** The op as the plan names it. */
    readonly op: string;
    /** The configuration as the plan states it. */
    readonly config?: unknown;
    /** What becomes of a record that fails in it, as the plan states it. */
    readonly on_error?: OnError;
  }[];
  /** In the order of the plan. */
  readonly connections: readonly (Connection & {
    /** In force, stated or by default. */
    readonly on_full: OnFull;
    /** The lane in words, with its sizes. */
    readonly laneWords: string;
  })[];
  /** The graph as it runs. */
  readonly lowered: LoweredDescription;
  /** Every byte that will be mapped, at the sizes asked for. */
  readonly memory: GraphMemory;
}

function drawWritten({ lane_graph: { connections } }: LaneGraphPlan): readonly string[] | null {
  return drawFlow(
    flowOrder(connections),
    connections.map(({ from, to }) => [from, to]),
  );
}

function drawLowered({ roles, lanes }: GraphSpec): readonly string[] | null {
  const names = roles.map(({ id, index }) => (index === null ? `[${id}]` : id));
  const nameOf = (role: number): string => names[role] ?? '';
  return drawFlow(
    names,
    lanes.flatMap(({ writer, readers }) => readers.map((reader) => [nameOf(writer), nameOf(reader)] as const)),
  );
}

function describeLowered({ lowered, report }: Version<LaneGraphPlan>): LoweredDescription {
  const { roles, lanes, inserted } = report as GraphReport;
  return { drawing: drawLowered(lowered), roles, lanes, inserted };
}

/** @throws RangeError when a size asked for is out of its range */
export function describeGraph(
  version: Version<LaneGraphPlan>,
  {
    sizes,
    threads,
    stages = {},
  }: {
    readonly sizes?: GraphSizesAsked;
    readonly threads?: number;
    readonly stages?: Readonly<Record<string, unknown>>;
  } = {},
): GraphDescription {
  const { plan, lowered: spec } = version;
  const graph = plan.lane_graph;
  const onFull = graph.on_full ?? 'Block';
  return {
    id: version.id,
    name: plan.name,
    target: 'LaneGraph',
    drawing: drawWritten(plan),
    onFull,
    boundaries: plan.boundaries.map((entry) => {
      const policy = policyOf(plan, entry);
      const lowered = spec.boundaries.find(({ id }) => id === entry.id);
      return { ...describeBoundary(entry, lowered), policy, policyWords: policyWords(policyInForce(plan, entry)) };
    }),
    stages: plan.stages,
    connections: graph.connections.map((entry) => ({
      ...entry,
      on_full: entry.on_full ?? onFull,
      laneWords: laneWords(entry.lane),
    })),
    lowered: describeLowered(version),
    memory: planGraphMemory(spec, sizes, threads),
    ownStages: describeOwnStages(plan, stages),
  };
}
