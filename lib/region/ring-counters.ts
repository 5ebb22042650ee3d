/** The ledger of a SingleRing: its counters and their equations, shard by shard. Pure reader of a region; see ledger.ts. */

import { type AgentEntry, ConsumerBlock, enums, ProducerBlock } from '../abi/definition.js';
import type { Counts, EgressCounts, Imbalance, IngressCounts, StageCounts } from './counts.js';
import { checkLane, checkLetters, laneFacts } from './lane-counters.js';
import { Block, type BlockOf, type Region } from './region.js';
import {
  type Consumer,
  checkEgress,
  checkStage,
  type EndCounts,
  expecting,
  failuresOf,
  ingressFailures,
  stageCounts,
  sumOfEnds,
} from './stage-counters.js';

type Agent = BlockOf<typeof AgentEntry>;

interface ShardCounts {
  readonly kind: number;
  readonly id: string;
  readonly shard: number;
  readonly block: Consumer;
  readonly sum: EndCounts;
  readonly dependencies: readonly number[];
}

function consumerOf(region: Region, agent: Agent): ShardCounts {
  const block: Consumer = new Block(region, ConsumerBlock, agent.u64('block_offset'));
  return {
    kind: agent.u32('kind'),
    id: region.agentId(agent),
    shard: agent.u32('ring'),
    block,
    sum: sumOfEnds([block]),
    dependencies: region.u32List(agent.u64('dependencies_offset'), agent.u32('dependency_count')),
  };
}

/** Records that what comes behind this one does not see. */
const removedBy = ({ sum }: ShardCounts): number => sum.filtered + sum.dropped + sum.dead_lettered + sum.skipped;
const REMOVED = 'filtered + dropped + dead_lettered + skipped';

/** The equations of one consumer in one shard. */
function checkConsumer(
  consumer: ShardCounts,
  published: number,
  settled: boolean,
  byIndex: ReadonlyMap<number, ShardCounts>,
): Imbalance[] {
  const { sum, kind, id, shard } = consumer;
  const found: Imbalance[] = [];
  const expect = expecting(found, id, shard);
  const counts = stageCounts(sum);
  const reached = counts.in + sum.skipped;
  expect(published === reached, () => 'published = in + skipped', published, reached);
  if (kind === enums.AgentKind.Egress) checkEgress(sum, expect);
  else checkStage(counts, settled, expect);
  // Neighbours: what this one worked on has come out of each stage it depends on.
  const worked = counts.in - counts.abandoned;
  let removedMost = 0;
  let removedAll = 0;
  let abandoned = counts.abandoned;
  for (const index of consumer.dependencies) {
    const before = byIndex.get(index);
    if (before === undefined) continue;
    expect(worked <= before.sum.out, () => `in - abandoned <= out of ${before.id}`, worked, before.sum.out);
    const removed = removedBy(before);
    removedMost = Math.max(removedMost, removed);
    removedAll += removed;
    abandoned += before.sum.abandoned + before.sum.stopped;
  }
  if (abandoned > 0) return found;
  // Branches may have removed the same record, so with several the number skipped lies between two bounds.
  expect(sum.skipped >= removedMost, () => `skipped >= ${REMOVED} before it`, sum.skipped, removedMost);
  expect(sum.skipped <= removedAll, () => `skipped <= ${REMOVED} of all before it`, sum.skipped, removedAll);
  return found;
}

export function readRingCounts(region: Region, settled: boolean): Counts {
  const boundaries: Record<string, IngressCounts | EgressCounts> = {};
  const stages: Record<string, StageCounts> = {};
  const published: number[] = [];
  const producers: BlockOf<typeof ProducerBlock>[] = [];
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
      producers.push(block);
      boundaries[id] = {
        kind: 'ingress',
        published: add('published'),
        bytes: add('bytes'),
        dropped: add('dropped'),
        too_large: add('too_large'),
        keyless: add('keyless'),
        ...failuresOf(ingressFailures(producers)),
      };
    } else if (agent.u32('kind') !== enums.AgentKind.Letters) {
      consumers.set(index, consumerOf(region, agent));
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
    const total = sumOfEnds(own.map(({ block }) => block));
    const { in: reached, out, abandoned, skipped, bytes } = total;
    if (own[0]?.kind === enums.AgentKind.Stage) stages[id] = { ...stageCounts(total), skipped };
    else boundaries[id] = { kind: 'egress', in: reached, out, abandoned, skipped, bytes, ...failuresOf(total) };
  }
  const imbalances = all.flatMap((one) => checkConsumer(one, published[one.shard] ?? 0, settled, consumers));
  const ids = agents.map((agent) => region.agentId(agent));
  const letters = region.lanes.map((lane) => laneFacts(region, lane, ids));
  for (const lane of letters) checkLane(lane, settled, imbalances);
  checkLetters(region, letters, stages, boundaries, imbalances);
  const lanes = Object.fromEntries(letters.map(({ id, counts }) => [id, counts]));
  return { boundaries, stages, inserted: {}, lanes, imbalances };
}
