/**
 * Where a LaneGraph stands: how far each role is in its lanes, and how full every lane is. A pure reader of a region, as
 * snapshot.ts, whose pages it fills.
 */

import {
  type AgentEntry,
  ConsumerBlock,
  enums,
  HISTOGRAM_COUNTS,
  type LaneBlock,
  ProducerBlock,
} from '../abi/definition.js';
import type { JournalCounts, LaneCounts } from './counters.js';
import { journalCounts } from './graph-counters.js';
import { type LatencySummary, summarizeHistogram } from './histogram.js';
import { Block, type BlockOf, isJsAgent, nameOf, type Region } from './region.js';

const { AgentKind } = enums;

/** A lane of an observed LaneGraph. */
export interface LaneSnapshot {
  /** Id of the lane: `from->to`. */
  readonly id: string;
  /** Kind of the lane. */
  readonly kind: LaneCounts['kind'];
  /** The compiler's, no author's connection. */
  readonly inserted: boolean;
  /** What its writer does when it has no room. */
  readonly on_full: keyof typeof enums.OnFullCode;
  /** Id of the role that writes it. */
  readonly writer: string;
  /** The roles that read it, each with how far it is. */
  readonly readers: readonly LaneReaderSnapshot[];
  /** What `capacity` and `used` count. */
  readonly unit: 'bytes' | 'records';
  /** What the lane holds at most. */
  readonly capacity: number;
  /** Not yet given back by the slowest reader: `used` = `capacity` is a full lane. */
  readonly used: number;
  /** Records in the lane since the start. */
  readonly published: number;
  /** Records for which it had no room. */
  readonly dropped: number;
  /** Records that are longer than it takes. */
  readonly too_large: number;
  /** Nothing more will be written. */
  readonly closed: boolean;
  /** Where the journal stands; only of a Journal lane. */
  readonly journal?: JournalCounts;
}

/** How far a reader of a lane is. */
export interface LaneReaderSnapshot {
  /** Id of the role. */
  readonly id: string;
  /** Records read. */
  readonly read: number;
  /** Records in the lane that it has not read. */
  readonly lag: number;
}

interface ReaderFacts {
  readonly agent: number;
  readonly js: boolean;
  readonly block: BlockOf<typeof ConsumerBlock>;
  readonly histogramAt: number;
}

interface LaneFacts {
  readonly lane: BlockOf<typeof LaneBlock>;
  readonly producer: BlockOf<typeof ProducerBlock>;
  readonly readers: readonly ReaderFacts[];
  readonly files: BlockOf<typeof ConsumerBlock> | undefined;
  readonly journal: JournalCounts | undefined;
}

/**
 * Reads one region; made for one snapshot.
 * @internal
 */
export class GraphReader {
  readonly #region: Region;
  readonly #lanes: readonly LaneFacts[];
  readonly #ids: readonly string[];
  /** Sums of one agent; zeros between two. */
  readonly #counts = new Uint32Array(HISTOGRAM_COUNTS);

  constructor(region: Region) {
    this.#region = region;
    const { agents } = region;
    this.#ids = agents.map((agent) => region.agentId(agent));
    this.#lanes = region.lanes.map((lane) => this.#facts(lane, agents));
  }

  /** How far a role is. A journal's agent has the lane whose files it writes as its inlet. */
  progress(
    agent: BlockOf<typeof AgentEntry>,
    index: number,
  ): { sequence: number; lag: number; latency_ns: LatencySummary | null } {
    if (agent.u32('kind') === AgentKind.Ingress) {
      const lane = this.#of(agent, 'outlets_offset', 'outlet_count')[0];
      const sequence = lane?.producer.f64('published') ?? 0;
      const lag = Math.max(0, ...(lane?.readers.map(({ block }) => sequence - block.f64('in')) ?? []));
      return { sequence, lag, latency_ns: null };
    }
    const inlets = this.#of(agent, 'inlets_offset', 'inlet_count');
    const journal = agent.u32('kind') === AgentKind.Journal;
    let [sequence, lag, sampled] = [0, 0, false];
    for (const lane of inlets) {
      const reader = readerOf(lane, index);
      const block = journal ? lane.files : reader?.block;
      if (block === undefined) continue;
      const read = block.f64('in');
      sequence += read;
      lag += Math.max(0, handed(lane, journal) - read);
      // A reader that has read nothing has no samples.
      if (reader === undefined || read === 0) continue;
      if (this.#region.addTable(reader.histogramAt, this.#counts)) sampled = true;
    }
    const latency_ns = sampled ? summarizeHistogram(this.#counts) : null;
    if (sampled) this.#counts.fill(0);
    return { sequence, lag, latency_ns };
  }

  lanes(): LaneSnapshot[] {
    return this.#lanes.map((facts) => this.#snapshot(facts));
  }

  #facts(lane: BlockOf<typeof LaneBlock>, agents: readonly BlockOf<typeof AgentEntry>[]): LaneFacts {
    const region = this.#region;
    const count = lane.u32('reader_count');
    const readerAgents = region.u32List(lane.u64('reader_agents_offset'), count);
    const readers = region.u64List(lane.u64('readers_offset'), count).map((at, reader): ReaderFacts => {
      const agent = readerAgents[reader] as number;
      const histogramAt = lane.u64('histograms_offset') + reader * HISTOGRAM_COUNTS * 4;
      return { agent, js: isJsAgent(agents[agent]), block: new Block(region, ConsumerBlock, at), histogramAt };
    });
    const filesAt = lane.u64('files_offset');
    return {
      lane,
      producer: new Block(region, ProducerBlock, lane.u64('producer_offset')),
      readers,
      files: filesAt === 0 ? undefined : new Block(region, ConsumerBlock, filesAt),
      journal: journalCounts(region, lane),
    };
  }

  #of(
    agent: BlockOf<typeof AgentEntry>,
    list: 'inlets_offset' | 'outlets_offset',
    count: 'inlet_count' | 'outlet_count',
  ): LaneFacts[] {
    const lanes: LaneFacts[] = [];
    for (const index of this.#region.u32List(agent.u64(list), agent.u32(count))) {
      const lane = this.#lanes[index];
      if (lane !== undefined) lanes.push(lane);
    }
    return lanes;
  }

  #snapshot(facts: LaneFacts): LaneSnapshot {
    const { lane, producer, readers, journal } = facts;
    return {
      id: this.#region.laneId(lane),
      kind: nameOf(enums.LaneKindCode, lane.u32('kind')),
      inserted: (lane.u32('flags') & enums.LaneFlag.Inserted) !== 0,
      on_full: nameOf(enums.OnFullCode, lane.u32('on_full')),
      writer: this.#ids[lane.u32('writer_agent')] ?? '(unknown)',
      readers: readers.map(({ agent, block }) => ({
        id: this.#ids[agent] ?? '(unknown)',
        read: block.f64('in'),
        lag: Math.max(0, handed(facts) - block.f64('in')),
      })),
      unit: lane.u32('layout') === enums.LayoutCode.Framed ? 'bytes' : 'records',
      capacity: lane.u32('capacity'),
      used: used(facts),
      published: producer.f64('published'),
      dropped: producer.f64('dropped'),
      too_large: producer.f64('too_large'),
      closed: producer.u32('closed') !== 0,
      ...(journal === undefined ? {} : { journal }),
    };
  }
}

function readerOf(lane: LaneFacts, agent: number): ReaderFacts | undefined {
  for (const reader of lane.readers) if (reader.agent === agent) return reader;
  return undefined;
}

/** Records that a reader of the lane will have read at its end; the agent of a journal's files sees this run's only. */
function handed({ producer, journal }: LaneFacts, ownRun = false): number {
  return producer.f64('published') + (ownRun ? 0 : (journal?.replayed ?? 0));
}

/** Between the writer and the slowest reader; low halves do, because a lane is shorter than their range. */
function used({ lane, producer, readers, files }: LaneFacts): number {
  const js = lane.u32('writer_port') === enums.PortCode.Js;
  const head = js ? producer.u32('cell') : producer.u64('cursor');
  let most = files === undefined ? 0 : Math.max(0, wrapped(head - files.u64('sequence')));
  for (const { js: inJs, block } of readers)
    most = Math.max(most, wrapped(head - (inJs ? block.u32('cell') : block.u64('sequence'))));
  return most;
}

/** A difference of two positions, of which either may be a low half only. */
const wrapped = (difference: number): number => (difference % 2 ** 32) | 0;
