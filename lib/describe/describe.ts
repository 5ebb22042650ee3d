/**
 * What a plan will do, as facts: for a ring its stages in order, what each waits for and why, who holds the producer
 * back, whose marks are read, the layout of slots and its reason, and every byte that will be mapped. For a graph see
 * describe-graph.ts. Placement is the runtime's to add. Pure.
 */

import type { GraphSizesAsked } from '../layout/graph-memory.js';
import { type MemoryPlan, planMemory, resolveSizes, type SizesAsked } from '../layout/memory.js';
import { keepsRecords } from '../lower/layout.js';
import type { BoundarySpec, LayoutName, RingEntrySpec, RingSpec, StageSpec } from '../lower/spec.js';
import type { BoundaryEntry, CheckedPlan, Key, LaneGraphPlan, OnError, SingleRingPlan } from '../plan/document.js';
import { listWords } from '../plan/element-words.js';
import type { Version } from '../version/version.js';
import { type CommonDescription, type DescribedBoundary, describeBoundary } from './boundary.js';
import { describeGraph, type GraphDescription } from './describe-graph.js';
import { drawGraph } from './drawing.js';
import { describeOwnStages } from './own-stages.js';
import { versionOf } from './version-of.js';

export type { DescribedBoundary } from './boundary.js';
export type { GraphDescription } from './describe-graph.js';

/** A stage of a described ring. */
export interface DescribedStage {
  /** Id of the stage. */
  readonly id: string;
  /** The op as the plan names it. */
  readonly op: string;
  /** The configuration as the plan states it. */
  readonly config?: unknown;
  /** Whether it may change a record's bytes. */
  readonly access: 'read' | 'write';
  /** It may take a record out of the flow. */
  readonly filters: boolean;
  /** Its op may fail a record. */
  readonly fails: boolean;
  /** What becomes of a record that fails in it, stated or by default. */
  readonly onError: OnError;
  /** It may stand where nothing reads it. */
  readonly sink: boolean;
  /** Agents that must be done with a record first. */
  readonly waitsFor: readonly string[];
  /** Stages whose marks it reads, to skip what they filtered or, by their `on_error`, dropped. */
  readonly skipsFilteredBy: readonly string[];
  /** Bytes that the op may add before a record. */
  readonly headroom: number;
  /** Bytes that the op may add behind a record. */
  readonly tailroom: number;
  /** Nothing depends on it: the egress waits for it. */
  readonly terminal: boolean;
}

/** What a SingleRing plan will do: made by `describePlan`. */
export interface RingDescription extends CommonDescription {
  /** Tells it from the description of a graph. */
  readonly target: 'SingleRing';
  /** Number of parallel rings. */
  readonly shards: number;
  /** `Strict`: all records in order. `PerKey`: records of one key in order. */
  readonly ordering: RingSpec['ordering'];
  /** What chooses a record's shard; null with one shard. */
  readonly shardKey: Key | null;
  /** Where records come in. */
  readonly ingress: DescribedBoundary & {
    /** Ids of the agents that hold the producer back. */
    readonly gatedBy: readonly string[];
    /** The same where the egress is discarded. */
    readonly gatedByWhenDiscarded: readonly string[];
  };
  /** Where records go out. */
  readonly egress: DescribedBoundary & Pick<DescribedStage, 'waitsFor' | 'skipsFilteredBy'>;
  /** In the order of the plan's ring. */
  readonly stages: readonly DescribedStage[];
  /** How records lie in slots. */
  readonly layout: {
    /** `Fixed`: the record is the slot. `Variable`: slots point into an arena. */
    readonly kind: LayoutName;
    /** Bytes of every record where they are fixed; else 0. */
    readonly recordBytes: number;
    /** Why, in words. */
    readonly reason: string;
  };
  /** Bytes that are left free around each record for the stages that make it longer. */
  readonly room: {
    /** Bytes before a record. */
    readonly headroom: number;
    /** Bytes behind a record. */
    readonly tailroom: number;
    /** Which stages want it, in words. */
    readonly reason: string;
  };
  /** Mark planes a shard: one byte a slot for each stage that filters, or drops records that fail. */
  readonly markPlanes: number;
  /** Every byte that will be mapped, at the sizes asked for. */
  readonly memory: MemoryPlan;
}

/** What `describePlan` answers; `target` tells the two apart. */
export type Description = RingDescription | GraphDescription;

/** What a description should take into account. */
export interface DescribeOptions {
  /** Sizes as they would be given to `open`. */
  readonly sizes?: SizesAsked & GraphSizesAsked;
  /** Native threads, for the memory table; default one. Placement knows better. */
  readonly threads?: number;
  /** Functions, modules and libraries of the plan's own stages, as they would be given to `open`. They are read, not checked. */
  readonly stages?: Readonly<Record<string, unknown>>;
}

function layoutReason(spec: RingSpec): string {
  const { ingress, stages } = spec;
  if (spec.layout === 'Fixed')
    return `${ingress.id} takes structs of ${ingress.recordBytes} bytes and no stage changes their length, so the record is the slot`;
  if (ingress.codec !== 'Struct') return `records of ${ingress.id} have any length, so slots point into an arena`;
  const writers = stages.filter((stage) => !keepsRecords(stage)).map(({ id }) => id);
  return `${listWords(writers)} may change the length of a record, so slots point into an arena`;
}

function roomReason(stages: readonly StageSpec[]): string {
  const writers = stages.filter((stage) => !keepsRecords(stage));
  if (writers.length === 0) return 'no stage changes the length of a record';
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
    onError: authored?.on_error ?? 'stop',
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
export function describeRing(version: Version<SingleRingPlan>, options: DescribeOptions = {}): RingDescription {
  const { plan, lowered: spec } = version;
  const ends = new Map(plan.boundaries.map((entry) => [entry.id, entry]));
  const end = (boundary: BoundarySpec): DescribedBoundary =>
    describeBoundary(ends.get(boundary.id) as BoundaryEntry, boundary);
  const terminals = spec.terminals.map((entry) => idOfEntry(spec, entry));
  return {
    id: version.id,
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
    ownStages: describeOwnStages(plan, options.stages ?? {}),
  };
}

/**
 * Describes a plan of either target.
 * @param plan a checked plan, or its version: that is not lowered again
 * @throws RangeError when a size asked for is out of its range
 */
export function describePlan(plan: CheckedPlan | Version, options: DescribeOptions = {}): Description {
  const version: unknown = versionOf(plan);
  if ((version as Version).target === 'SingleRing') return describeRing(version as Version<SingleRingPlan>, options);
  return describeGraph(version as Version<LaneGraphPlan>, options);
}
