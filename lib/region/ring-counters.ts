/** The ledger of a SingleRing: its counters and their equations, shard by shard. Pure reader of a region; see ledger.ts. */

import { type AgentEntry, ConsumerBlock, enums, ProducerBlock } from '../abi/definition.js';
import type { Counts, EgressCounts, Imbalance, IngressCounts, StageCounts } from './counts.js';
import { Block, type BlockOf, type Region } from './region.js';

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

export function readRingCounts(region: Region): Counts {
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
