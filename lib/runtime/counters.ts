/**
 * The ledger: the counters that stand beside the cursors, and the equations they must satisfy (docs/runtime.md, the
 * ledger). Pure reader of a region. Exact once the pipeline has been settled (`settled`); while it runs, the numbers are of
 * slightly different moments. What a LaneGraph counts and promises stands in graph-counters.ts.
 */

import { type AgentEntry, ConsumerBlock, enums, ProducerBlock } from '../abi/definition.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import type { EgressIds, IngressIds, StageIds } from '../plan/infer.js';
import type { Failure } from './failure.js';
import { readGraphCounts } from './graph-counters.js';
import { Block, type BlockOf, type Region } from './region.js';

/** Records; `bytes` are record bytes. Names are the ones that documents print. */
export interface IngressCounts {
  /** Tells it from an egress. */
  readonly kind: 'ingress';
  /** Records that went in. */
  readonly published: number;
  /** Bytes of these records. */
  readonly bytes: number;
  /** Records for which a lane with `Drop` had no room. */
  readonly dropped: number;
  /** Records longer than the boundary takes. */
  readonly too_large: number;
  /** Records without the key that chooses their shard or connection. */
  readonly keyless: number;
}

/** Records of a stage. `in` = `out` + `filtered` + `failed` + `abandoned`. */
export interface StageCounts {
  /** Records that reached it. */
  readonly in: number;
  /** Records that it passed on. */
  readonly out: number;
  /** Records that it took out of the flow. */
  readonly filtered: number;
  /** Records that failed in it. */
  readonly failed: number;
  /** Records left before it when the pipeline ended. */
  readonly abandoned: number;
  /** SingleRing: records that a stage before it had filtered. In a LaneGraph they never come as far. */
  readonly skipped: number;
}

/** A router, merge or bridge that the compiler inserted. */
export interface InsertedCounts {
  /** What was inserted. */
  readonly kind: 'router' | 'merge' | 'bridge';
  /** Records that reached it, over all its inlets. */
  readonly in: number;
  /** Records offered to its lanes: a broadcasting router offers each record to all of them. */
  readonly out: number;
  /** Records that failed in it. */
  readonly failed: number;
  /** Records left when the pipeline ended; of a broadcasting router: copies not given. */
  readonly abandoned: number;
  /** Router by KeyHash: records without the key, given to its first lane. */
  readonly keyless: number;
}

/** Where a journal stands; sequences are counted over all runs. */
export interface JournalCounts {
  /** Sequence of the next record to be appended. */
  readonly appended: number;
  /** Records before it are as durable as the fsync policy promises. */
  readonly durable: number;
  /** Records before it have been synced to the device. */
  readonly synced: number;
  /** Oldest record that the files hold. */
  readonly first: number;
  /** This run's first record. */
  readonly opened_at: number;
  /** Records of earlier runs that were handed to the reader in this run. */
  readonly replayed: number;
  /** Records of this run that the files do not hold as durably as promised: what a failure or a halt has cost. */
  readonly unwritten: number;
  /** Calls to the device that made records durable. */
  readonly syncs: number;
  /** Segment files that there are. */
  readonly segments: number;
  /** Bytes of these files. */
  readonly bytes: number;
  /** Of a torn tail that recovery cut. */
  readonly cut_bytes: number;
}

/** Records of a lane. */
export interface LaneCounts {
  /** Kind of the lane. */
  readonly kind: keyof typeof enums.LaneKindCode;
  /** The compiler's, no author's connection. */
  readonly inserted: boolean;
  /** Records that its writer offered: in the lane, or dropped. */
  readonly written: number;
  /** Records in the lane. */
  readonly published: number;
  /** Bytes of the records in the lane. */
  readonly bytes: number;
  /** Records that did not get in, by cause. */
  readonly dropped: {
    /** Records for which the lane had no room. */
    readonly full: number;
    /** Records longer than the lane takes. */
    readonly too_large: number;
  };
  /** Reader → records it has read. */
  readonly read: Readonly<Record<string, number>>;
  /** Reader → records in the lane that it has not read yet. */
  readonly in_flight: Readonly<Record<string, number>>;
  /** Where the journal stands; only of a Journal lane. */
  readonly journal?: JournalCounts;
}

/** Records of an egress. */
export interface EgressCounts {
  /** Tells it from an ingress. */
  readonly kind: 'egress';
  /** Records that reached it. */
  readonly in: number;
  /** Records delivered. */
  readonly out: number;
  /** Records that reached it and were not delivered when the pipeline ended. */
  readonly abandoned: number;
  /** SingleRing: records that a stage before it had filtered. */
  readonly skipped: number;
  /** Bytes of the records read (`in`), delivered or abandoned. */
  readonly bytes: number;
}

/** An equation that does not hold, with its numbers. */
export interface Imbalance {
  /** Id of a stage, a boundary, an inserted element or a lane. */
  readonly at: string;
  /** Shard of a SingleRing; null in a LaneGraph. */
  readonly shard: number | null;
  /** Like `published = in + skipped`. */
  readonly equation: string;
  /** The number on the left of the equation. */
  readonly left: number;
  /** The number on the right of the equation. */
  readonly right: number;
}

type BoundaryCounts<P extends PipelinePlanV2> = string extends IngressIds<P> | EgressIds<P>
  ? Readonly<Record<string, IngressCounts | EgressCounts>>
  : { readonly [Id in IngressIds<P>]: IngressCounts } & { readonly [Id in EgressIds<P>]: EgressCounts };

/** By the ids of `P`; those of a plan without literal types are any strings. */
export interface Ledger<P extends PipelinePlanV2 = PipelinePlanV2> {
  /** Every equation holds. */
  readonly balanced: boolean;
  /** The pipeline has ended and nothing is in flight; only then is `balanced` exact. */
  readonly settled: boolean;
  /** Counts of every ingress and egress, by id. */
  readonly boundaries: BoundaryCounts<P>;
  /** Counts of every stage, by id. */
  readonly stages: { readonly [Id in StageIds<P>]: StageCounts };
  /** What the compiler put into a LaneGraph; a SingleRing has nothing of it. */
  readonly inserted: Readonly<Record<string, InsertedCounts>>;
  /** Lanes of a LaneGraph; a SingleRing has none. */
  readonly lanes: Readonly<Record<string, LaneCounts>>;
  /** Equations that do not hold. */
  readonly imbalances: readonly Imbalance[];
  /** The first failure, or null. */
  readonly failure: Failure | null;
}

type Consumer = BlockOf<typeof ConsumerBlock>;
type Agent = BlockOf<typeof AgentEntry>;

interface ShardCounts {
  readonly agent: Agent;
  readonly index: number;
  readonly id: string;
  readonly shard: number;
  readonly counts: StageCounts;
  readonly bytes: number;
  readonly dependencies: readonly number[];
}

function stageCounts(block: Consumer): StageCounts {
  return {
    in: block.f64('in'),
    out: block.f64('out'),
    filtered: block.f64('filtered'),
    failed: block.f64('failed'),
    abandoned: block.f64('abandoned'),
    skipped: block.f64('skipped'),
  };
}

function consumerOf(region: Region, agent: Agent, index: number): ShardCounts {
  const block: Consumer = new Block(region, ConsumerBlock, agent.u64('block_offset'));
  return {
    agent,
    index,
    id: region.agentId(agent),
    shard: agent.u32('ring'),
    counts: stageCounts(block),
    bytes: block.f64('bytes'),
    dependencies: region.u32List(agent.u64('dependencies_offset'), agent.u32('dependency_count')),
  };
}

const sumUp = (counts: readonly StageCounts[]): StageCounts => {
  const total = { in: 0, out: 0, filtered: 0, failed: 0, abandoned: 0, skipped: 0 };
  for (const one of counts) for (const name of Object.keys(total) as (keyof StageCounts)[]) total[name] += one[name];
  return total;
};

/** The equations of one consumer in one shard. */
function checkConsumer(
  consumer: ShardCounts,
  published: number,
  byIndex: ReadonlyMap<number, ShardCounts>,
): Imbalance[] {
  const { counts, id, shard } = consumer;
  const found: Imbalance[] = [];
  const expect = (holds: boolean, equation: string, left: number, right: number): void => {
    if (!holds) found.push({ at: id, shard, equation, left, right });
  };
  const reached = counts.in + counts.skipped;
  expect(published === reached, 'published = in + skipped', published, reached);
  const accounted = counts.out + counts.filtered + counts.failed + counts.abandoned;
  expect(counts.in === accounted, 'in = out + filtered + failed + abandoned', counts.in, accounted);
  // Neighbours: what this one worked on has come out of each stage it depends on.
  const worked = counts.in - counts.abandoned;
  let removedMost = 0;
  let removedAll = 0;
  let abandoned = counts.abandoned;
  for (const index of consumer.dependencies) {
    const before = byIndex.get(index);
    if (before === undefined) continue;
    expect(worked <= before.counts.out, `in - abandoned <= out of ${before.id}`, worked, before.counts.out);
    const removed = before.counts.filtered + before.counts.skipped;
    removedMost = Math.max(removedMost, removed);
    removedAll += removed;
    abandoned += before.counts.abandoned + before.counts.failed;
  }
  if (abandoned > 0) return found;
  // Branches may have filtered the same record, so with several the number skipped lies between two bounds.
  expect(counts.skipped >= removedMost, 'skipped >= filtered + skipped before it', counts.skipped, removedMost);
  expect(counts.skipped <= removedAll, 'skipped <= all filtered and skipped before it', counts.skipped, removedAll);
  return found;
}

/**
 * What the counters of one region say, and which equations do not hold.
 * @internal
 */
export type Counts = Pick<Ledger, 'boundaries' | 'stages' | 'inserted' | 'lanes' | 'imbalances'>;

/**
 * Reads the ledger of a region.
 * @internal
 */
export function readLedger(region: Region): Ledger {
  const settled = region.header.u32('state') === enums.RegionState.Stopped;
  const counts = region.isGraph ? readGraphCounts(region, settled) : readRingCounts(region);
  return { balanced: counts.imbalances.length === 0, settled, ...counts, failure: region.failure ?? null };
}

function readRingCounts(region: Region): Counts {
  const boundaries: Record<string, IngressCounts | EgressCounts> = {};
  const stages: Record<string, StageCounts> = {};
  const published: number[] = [];
  const consumers = new Map<number, ShardCounts>();
  const { agents } = region;
  for (const [index, agent] of agents.entries()) {
    if (agent.u32('kind') === enums.AgentKind.Ingress) {
      const block = new Block(region, ProducerBlock, agent.u64('block_offset'));
      published[agent.u32('ring')] = block.f64('published');
      const id = region.agentId(agent);
      const known = boundaries[id] as IngressCounts | undefined;
      const add = (field: 'published' | 'bytes' | 'dropped' | 'too_large' | 'keyless'): number =>
        (known?.[field] ?? 0) + block.f64(field);
      boundaries[id] = {
        kind: 'ingress',
        published: add('published'),
        bytes: add('bytes'),
        dropped: add('dropped'),
        too_large: add('too_large'),
        keyless: add('keyless'),
      };
    } else {
      consumers.set(index, consumerOf(region, agent, index));
    }
  }
  const all = [...consumers.values()];
  const shardsOf = new Map<string, ShardCounts[]>();
  for (const one of all) {
    const own = shardsOf.get(one.id);
    if (own === undefined) shardsOf.set(one.id, [one]);
    else own.push(one);
  }
  for (const [id, own] of shardsOf) {
    const total = sumUp(own.map((one) => one.counts));
    if (own[0]?.agent.u32('kind') === enums.AgentKind.Stage) stages[id] = total;
    else {
      const bytes = own.reduce((sum, one) => sum + one.bytes, 0);
      const { in: reached, out, abandoned, skipped } = total;
      boundaries[id] = { kind: 'egress', in: reached, out, abandoned, skipped, bytes };
    }
  }
  const imbalances = all.flatMap((one) => checkConsumer(one, published[one.shard] ?? 0, consumers));
  return { boundaries, stages, inserted: {}, lanes: {}, imbalances };
}
