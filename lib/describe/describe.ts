/**
 * What a plan will do, as facts: for a ring its stages in order, what each waits for and why, who holds the producer
 * back, whose marks are read, the layout of slots and its reason, and every byte that will be mapped. For a graph the
 * authored topology, because its lowering is not part of this release. Placement is the runtime's to add. Pure.
 */

import { lower } from '../lower/index.js';
import type { BoundarySpec, LayoutName, RingEntrySpec, RingSpec, StageSpec } from '../lower/spec.js';
import type {
  BoundaryEntry,
  BoundaryPolicy,
  CheckedPlan,
  Connection,
  Key,
  LaneGraphPlan,
  OnFull,
  PipelinePlanV2,
  SingleRingPlan,
} from '../plan/document.js';
import { policyOf } from '../plan/policy.js';
import { planId } from '../version/id.js';
import { drawGraph, NODES_MAX } from './drawing.js';
import { type MemoryPlan, planMemory, resolveSizes, type SizesAsked } from './memory.js';
import { codecWords, laneWords, listWords, policyWords } from './words.js';

interface CommonDescription {
  /** Hex id of the version. */
  readonly id: string;
  readonly name: string;
  /** Lines of a drawing; null when the plan cannot be drawn without crossings or is too large for it. */
  readonly drawing: readonly string[] | null;
}

export interface DescribedBoundary {
  readonly id: string;
  readonly kind: BoundaryEntry['kind'];
  /** In words: `bytes`, `utf8`, `struct { host: utf8(12), size: u64 }`. */
  readonly codec: string;
  /** Bytes of every record under a struct codec; null otherwise. */
  readonly recordBytes: number | null;
}

export interface DescribedStage {
  readonly id: string;
  readonly op: string;
  readonly config?: unknown;
  readonly access: 'read' | 'write';
  readonly filters: boolean;
  readonly fails: boolean;
  readonly sink: boolean;
  /** Agents that must be done with a record first. */
  readonly waitsFor: readonly string[];
  /** Stages whose marks it reads, to skip what they filtered. */
  readonly skipsFilteredBy: readonly string[];
  /** Bytes this op may add before and behind a record. */
  readonly headroom: number;
  readonly tailroom: number;
  /** Nothing depends on it: the egress waits for it. */
  readonly terminal: boolean;
}

export interface RingDescription extends CommonDescription {
  readonly target: 'SingleRing';
  readonly shards: number;
  readonly ordering: RingSpec['ordering'];
  /** What chooses a record's shard; null with one shard. */
  readonly shardKey: Key | null;
  readonly ingress: DescribedBoundary & {
    /** Who holds the producer back, and who does when the egress is discarded. */
    readonly gatedBy: readonly string[];
    readonly gatedByWhenDiscarded: readonly string[];
  };
  readonly egress: DescribedBoundary & Pick<DescribedStage, 'waitsFor' | 'skipsFilteredBy'>;
  readonly stages: readonly DescribedStage[];
  readonly layout: { readonly kind: LayoutName; readonly recordBytes: number; readonly reason: string };
  readonly room: { readonly headroom: number; readonly tailroom: number; readonly reason: string };
  /** Mark planes a shard: one byte a slot for each stage that filters. */
  readonly markPlanes: number;
  readonly memory: MemoryPlan;
}

export interface GraphDescription extends CommonDescription {
  readonly target: 'LaneGraph';
  readonly onFull: OnFull;
  readonly boundaries: readonly (DescribedBoundary & {
    readonly policy: BoundaryPolicy;
    readonly policyWords: string;
  })[];
  readonly stages: readonly { readonly id: string; readonly op: string; readonly config?: unknown }[];
  readonly connections: readonly (Connection & { readonly on_full: OnFull; readonly laneWords: string })[];
}

export type Description = RingDescription | GraphDescription;

export interface DescribeOptions {
  /** Sizes as they would be given to `open`. */
  readonly sizes?: SizesAsked;
  /** Native threads, for the memory table; default one. Placement knows better. */
  readonly threads?: number;
}

const describeBoundary = (entry: BoundaryEntry, spec?: BoundarySpec): DescribedBoundary => ({
  id: entry.id,
  kind: entry.kind,
  codec: codecWords(entry.codec),
  recordBytes: spec?.codec === 'Struct' ? spec.recordBytes : null,
});

function layoutReason(spec: RingSpec): string {
  const { ingress, stages } = spec;
  if (spec.layout === 'Fixed')
    return `${ingress.id} takes structs of ${ingress.recordBytes} bytes and no stage writes, so the record is the slot`;
  if (ingress.codec !== 'Struct') return `records of ${ingress.id} have any length, so slots point into an arena`;
  const writers = stages.filter((stage) => stage.writes).map(({ id }) => id);
  return `${listWords(writers)} may change a record, so slots point into an arena`;
}

function roomReason(stages: readonly StageSpec[]): string {
  const writers = stages.filter((stage) => stage.writes);
  if (writers.length === 0) return 'no stage writes';
  const parts = writers.map(({ id, op, headroom, tailroom }) => {
    if (op === 'Js' || op === 'Native') return `${id} says at open what it needs`;
    return `${id} ${headroom > 0 || op === 'Prepend' ? `${headroom} before` : `${tailroom} behind`}`;
  });
  return parts.join(', ');
}

function describeStage(plan: SingleRingPlan, spec: RingSpec, entry: RingEntrySpec, index: number): DescribedStage {
  const stage = spec.stages[entry.stage] as StageSpec;
  const authored = plan.stages.find(({ id }) => id === stage.id);
  const waitsFor = entry.dependencies.map((on) => idOfEntry(spec, on));
  return {
    id: stage.id,
    op: authored?.op ?? stage.op,
    ...(authored?.config === undefined ? {} : { config: authored.config }),
    access: stage.writes ? 'write' : 'read',
    filters: stage.filters,
    fails: stage.fails,
    sink: stage.sink,
    waitsFor: waitsFor.length === 0 ? [spec.ingress.id] : waitsFor,
    skipsFilteredBy: entry.readsMarksOf.map((on) => idOfEntry(spec, on)),
    headroom: stage.headroom,
    tailroom: stage.tailroom,
    terminal: spec.terminals.includes(index),
  };
}

const idOfEntry = (spec: RingSpec, entry: number): string => spec.stages[spec.entries[entry]?.stage ?? 0]?.id ?? '';

function drawRing(spec: RingSpec): readonly string[] | null {
  const names = [spec.ingress.id, ...spec.entries.map((_, entry) => idOfEntry(spec, entry)), spec.egress.id];
  const stages = spec.entries.map(({ dependencies }) =>
    dependencies.length === 0 ? [0] : dependencies.map((on) => on + 1),
  );
  return drawGraph({ names, before: [[], ...stages, spec.terminals.map((entry) => entry + 1)] });
}

/** @throws RangeError when a size asked for is out of its range */
export function describeRing(plan: CheckedPlan<SingleRingPlan>, options: DescribeOptions = {}): RingDescription {
  const spec = lower(plan);
  const ends = new Map(plan.boundaries.map((entry) => [entry.id, entry]));
  const end = (boundary: BoundarySpec): DescribedBoundary =>
    describeBoundary(ends.get(boundary.id) as BoundaryEntry, boundary);
  const terminals = spec.terminals.map((entry) => idOfEntry(spec, entry));
  return {
    id: planId(plan),
    name: spec.name,
    target: 'SingleRing',
    drawing: drawRing(spec),
    shards: spec.shards,
    ordering: spec.ordering,
    shardKey: spec.shards > 1 ? (plan.single_ring.shard_key ?? null) : null,
    ingress: { ...end(spec.ingress), gatedBy: [spec.egress.id], gatedByWhenDiscarded: terminals },
    egress: {
      ...end(spec.egress),
      waitsFor: terminals,
      skipsFilteredBy: spec.egressReadsMarksOf.map((entry) => idOfEntry(spec, entry)),
    },
    stages: spec.entries.map((entry, index) => describeStage(plan, spec, entry, index)),
    layout: { kind: spec.layout, recordBytes: spec.recordBytes, reason: layoutReason(spec) },
    room: { headroom: spec.headroom, tailroom: spec.tailroom, reason: roomReason(spec.stages) },
    markPlanes: spec.markCount,
    memory: planMemory(spec, resolveSizes(spec, options.sizes), options.threads ?? 1),
  };
}

/** Nodes of a graph in topological order; ingresses first, in the order of the catalog. */
function drawConnections(plan: LaneGraphPlan): readonly string[] | null {
  const { connections } = plan.lane_graph;
  const all = [...plan.boundaries, ...plan.stages].map(({ id }) => id);
  if (all.length > NODES_MAX) return null;
  const sorted: string[] = [];
  for (let grew = true; grew; ) {
    const next = all.filter(
      (id) => !sorted.includes(id) && connections.every(({ from, to }) => to !== id || sorted.includes(from)),
    );
    sorted.push(...next);
    grew = next.length > 0;
  }
  const indexOf = new Map(sorted.map((id, index) => [id, index]));
  const before = sorted.map((id) =>
    connections.filter(({ to }) => to === id).map(({ from }) => indexOf.get(from) ?? 0),
  );
  return drawGraph({ names: sorted, before });
}

export function describeGraph(plan: CheckedPlan<LaneGraphPlan>): GraphDescription {
  const graph = plan.lane_graph;
  const onFull = graph.on_full ?? 'Block';
  return {
    id: planId(plan),
    name: plan.name,
    target: 'LaneGraph',
    drawing: drawConnections(plan),
    onFull,
    boundaries: plan.boundaries.map((entry) => {
      const policy = policyOf(plan, entry);
      return { ...describeBoundary(entry), policy, policyWords: policyWords(policy) };
    }),
    stages: plan.stages,
    connections: graph.connections.map((entry) => ({
      ...entry,
      on_full: entry.on_full ?? onFull,
      laneWords: laneWords(entry.lane),
    })),
  };
}

const isRing = (plan: PipelinePlanV2): plan is SingleRingPlan => plan.target === 'SingleRing';

/**
 * Describes a checked plan of either target.
 * @throws RangeError when a size asked for is out of its range
 */
export function describePlan(plan: CheckedPlan, options: DescribeOptions = {}): Description {
  if (isRing(plan)) return describeRing(plan as CheckedPlan<SingleRingPlan>, options);
  return describeGraph(plan as CheckedPlan<LaneGraphPlan>);
}
