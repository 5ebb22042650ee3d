/**
 * What lanes count at their ends, and what must hold of it: of a graph all lanes, of a ring those of letters. Pure reader of a
 * region; see ledger.ts.
 */

import { ConsumerBlock, enums, JournalBlock, type LaneBlock, ProducerBlock } from '../abi/definition.js';
import type { EgressCounts, Imbalance, IngressCounts, JournalCounts, LaneCounts, StageCounts } from './counts.js';
import { Block, type BlockOf, nameOf, type Region } from './region.js';
import { type Consumer, expecting } from './stage-counters.js';

export interface LaneFacts {
  readonly id: string;
  readonly counts: LaneCounts;
  readonly producer: BlockOf<typeof ProducerBlock>;
  /** Agent → its end of this lane. */
  readonly readers: ReadonlyMap<number, Consumer>;
  /** The agent that writes it. */
  readonly writer: number;
  /** It is one of letters. */
  readonly letters: boolean;
}

/** Undefined for a lane of another kind. */
export function journalCounts(region: Region, lane: BlockOf<typeof LaneBlock>): JournalCounts | undefined {
  const at = lane.u64('journal_offset');
  if (at === 0) return undefined;
  const block = new Block(region, JournalBlock, at);
  const files = new Block(region, ConsumerBlock, lane.u64('files_offset'));
  const published = new Block(region, ProducerBlock, lane.u64('producer_offset')).f64('published');
  return {
    appended: block.f64('appended'),
    durable: block.f64('durable'),
    synced: block.f64('synced'),
    first: block.f64('first'),
    opened_at: block.f64('opened_at'),
    replayed: block.f64('replayed'),
    // What was abandoned in front of the files counts as read from the lane.
    unwritten: Math.max(0, published - (files.f64('in') - files.f64('abandoned'))),
    syncs: block.f64('syncs'),
    segments: block.u32('segments'),
    bytes: block.f64('bytes'),
    cut_bytes: block.f64('cut_bytes'),
  };
}

export function laneFacts(region: Region, lane: BlockOf<typeof LaneBlock>, agentIds: readonly string[]): LaneFacts {
  const count = lane.u32('reader_count');
  const agents = region.u32List(lane.u64('reader_agents_offset'), count);
  const blocks = region.u64List(lane.u64('readers_offset'), count);
  const readers = new Map(agents.map((agent, i) => [agent, new Block(region, ConsumerBlock, blocks[i] as number)]));
  const read = Object.fromEntries([...readers].map(([agent, block]) => [agentIds[agent] ?? '?', block.f64('in')]));
  const producer = new Block(region, ProducerBlock, lane.u64('producer_offset'));
  const [published, full, tooLarge] = [producer.f64('published'), producer.f64('dropped'), producer.f64('too_large')];
  const journal = journalCounts(region, lane);
  const letters = agents.some((agent) => region.agents[agent]?.u32('kind') === enums.AgentKind.Letters);
  const handed = published + (journal?.replayed ?? 0);
  const flying = Object.entries(read).map(([id, records]) => [id, Math.max(0, handed - records)]);
  return {
    id: region.laneId(lane),
    counts: {
      kind: nameOf(enums.LaneKindCode, lane.u32('kind')),
      inserted: (lane.u32('flags') & enums.LaneFlag.Inserted) !== 0,
      ...(letters ? ({ origin: 'runtime' } as const) : {}),
      written: published + full + tooLarge,
      published,
      bytes: producer.f64('bytes'),
      dropped: { full, too_large: tooLarge },
      read,
      in_flight: Object.fromEntries(flying),
      ...(letters ? { abandoned: [...readers.values()].reduce((sum, block) => sum + block.f64('abandoned'), 0) } : {}),
      ...(journal === undefined ? {} : { journal }),
    },
    producer,
    readers,
    writer: lane.u32('writer_agent'),
    letters,
  };
}

export function checkLane(lane: LaneFacts, settled: boolean, found: Imbalance[]): void {
  const { counts } = lane;
  const expect = expecting(found, lane.id, null);
  const replayed = counts.journal?.replayed ?? 0;
  const left = counts.written + replayed;
  const dropped = counts.dropped.full + counts.dropped.too_large;
  const extra = counts.journal === undefined ? '' : ' + replayed';
  for (const [reader, read] of Object.entries(counts.read)) {
    const flying = counts.in_flight[reader] ?? 0;
    const right = read + dropped + flying;
    expect(left === right, () => `written${extra} = read by ${reader} + dropped + in flight`, left, right);
    if (settled) expect(flying === 0, () => `in flight to ${reader} = 0 at the end`, flying, 0);
  }
}

/** Every record that became a letter stands in the lanes of letters of its stage or boundary. */
export function checkLetters(
  region: Region,
  lanes: readonly LaneFacts[],
  stages: Readonly<Record<string, StageCounts>>,
  boundaries: Readonly<Record<string, IngressCounts | EgressCounts>>,
  found: Imbalance[],
): void {
  const { agents } = region;
  const written = new Map<string, number>();
  for (const { letters, writer, counts } of lanes) {
    const stage = agents[writer];
    if (!letters || stage === undefined) continue;
    const id = region.agentId(stage);
    written.set(id, (written.get(id) ?? 0) + counts.written);
  }
  const failed = Object.entries(boundaries).map(([id, { failures }]) => [id, failures?.dead_lettered ?? 0] as const);
  const ofStages = Object.entries(stages).map(([id, counts]) => [id, counts.dead_lettered] as const);
  for (const [id, dead_lettered] of [...ofStages, ...failed]) {
    const letters = written.get(id) ?? 0;
    expecting(found, id, null)(
      dead_lettered === letters,
      () => 'dead_lettered = letters written',
      dead_lettered,
      letters,
    );
  }
}
