/**
 * Where a LaneGraph stands: how far each role is in its lanes, and how full every lane is. A pure reader of a region, as
 * snapshot.ts, whose pages it fills.
 */

import { ConsumerBlock, enums, HISTOGRAM_COUNTS, LaneBlock, NONE, ProducerBlock } from '../abi/definition.js';
import type { JournalCounts, LaneCounts } from './counts.js';
import { HistogramSum, type LatencySummary } from './histogram.js';
import { journalCounts } from './lane-counters.js';
import { Block, nameOf, namesOf, type Region, RegionError } from './region.js';
import {
  AGENT,
  addHistogram,
  fieldWords,
  LANE,
  laneIds,
  laneTable,
  listAt,
  placeAt,
  structAt,
  type Table,
} from './region-tables.js';

const { AgentKind, LaneFlag, LaneKindCode, LayoutCode, OnFullCode, PortCode } = enums;
const PRODUCER = fieldWords(ProducerBlock);
const CONSUMER = fieldWords(ConsumerBlock);
const LANE_KINDS = namesOf(LaneKindCode);
const ON_FULL = namesOf(OnFullCode);

/** A lane of an observed LaneGraph. */
export interface LaneSnapshot {
  /** Id of the lane: `from->to`. */
  readonly id: string;
  /** Kind of the lane. */
  readonly kind: LaneCounts['kind'];
  /** The compiler's or the runtime's, no author's connection. */
  readonly inserted: boolean;
  /** Neither the author's nor the compiler's: it takes letters. */
  readonly origin?: 'runtime';
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

/**
 * How far the agents of a region are, by their numbers. Columns, because a loop that fills one is soon compiled, and the first
 * snapshot of a large pipeline would spend most of its time in calls that are not.
 * @internal
 */
export interface Progress {
  readonly sequences: Float64Array;
  readonly lags: Float64Array;
  /** @param row word at which the agent's entry begins */
  latency(agent: number, row: number): LatencySummary | null;
}

/**
 * Reads one region; made for one snapshot. Lanes have numbers, and so have their readers, those of one lane in a row: from
 * `#firstReader[lane]` up to `#firstReader[lane + 1]`.
 * @internal
 */
export class GraphReader implements Progress {
  readonly sequences: Float64Array;
  readonly lags: Float64Array;
  readonly #region: Region;
  readonly #agents: Table;
  readonly #lanes: Table;
  /** Words of the lanes' ProducerBlocks, and of the ConsumerBlocks of the journals' files: 0 for other lanes. */
  readonly #producers: Uint32Array;
  readonly #files: Uint32Array;
  readonly #journals = new Map<number, JournalCounts>();
  readonly #published: Float64Array;
  readonly #used: Int32Array;
  readonly #firstReader: Uint32Array;
  readonly #readerAgents: Uint32Array;
  readonly #reads: Float64Array;
  readonly #readerLags: Float64Array;
  readonly #latencies = new HistogramSum();

  constructor(region: Region, agents: Table) {
    this.#region = region;
    this.#agents = agents;
    this.#lanes = laneTable(region);
    const { count } = this.#lanes;
    this.#producers = new Uint32Array(count);
    this.#files = new Uint32Array(count);
    this.#published = new Float64Array(count);
    this.#used = new Int32Array(count);
    this.#firstReader = new Uint32Array(count + 1);
    const readers = this.#countReaders();
    this.#readerAgents = new Uint32Array(readers);
    this.#reads = new Float64Array(readers);
    this.#readerLags = new Float64Array(readers);
    this.sequences = new Float64Array(agents.count);
    this.lags = new Float64Array(agents.count);
    this.#findBlocks();
    this.#measure();
    this.#addUp();
  }

  /** Of all lanes; fills `#firstReader`. */
  #countReaders(): number {
    const { words, observableBytes } = this.#region;
    const { first, stride, count } = this.#lanes;
    const firstReader = this.#firstReader;
    let readers = 0;
    for (let lane = 0, row = first; lane < count; lane++, row += stride) {
      readers += words[row + LANE.reader_count] as number;
      firstReader[lane + 1] = readers;
    }
    // Each has a block of its own.
    if (readers * ConsumerBlock.size > observableBytes)
      throw new RegionError(`${readers} readers of lanes do not fit into the ${observableBytes} bytes seen`);
    return readers;
  }

  #findBlocks(): void {
    const region = this.#region;
    const { words } = region;
    const { first, stride, count } = this.#lanes;
    const [producers, files] = [this.#producers, this.#files];
    for (let lane = 0, row = first; lane < count; lane++, row += stride) {
      producers[lane] = structAt(region, row + LANE.producer_offset, ProducerBlock);
      if (placeAt(words, row + LANE.files_offset) === 0) continue;
      files[lane] = structAt(region, row + LANE.files_offset, ConsumerBlock);
      const counts = journalCounts(region, new Block(region, LaneBlock, row * Uint32Array.BYTES_PER_ELEMENT));
      if (counts !== undefined) this.#journals.set(lane, counts);
    }
  }

  /** What each lane holds, and how far its readers are: `used` in low halves, because a lane is shorter than their range. */
  #measure(): void {
    const region = this.#region;
    const { words, doubles } = region;
    const { first, stride, count } = this.#lanes;
    const [producers, files, firstReader, reads] = [this.#producers, this.#files, this.#firstReader, this.#reads];
    for (let lane = 0, row = first; lane < count; lane++, row += stride) {
      const producer = producers[lane] as number;
      const inJs = words[row + LANE.writer_port] === PortCode.Js;
      const head = words[producer + (inJs ? PRODUCER.cell : PRODUCER.cursor)] as number;
      const ofFiles = files[lane] as number;
      let used = ofFiles === 0 ? 0 : (head - (words[ofFiles + CONSUMER.sequence] as number)) | 0;
      const from = firstReader[lane] as number;
      const readers = (firstReader[lane + 1] as number) - from;
      const agents = listAt(region, row + LANE.reader_agents_offset, readers, 4);
      const blocks = listAt(region, row + LANE.readers_offset, readers, 8);
      for (let place = 0; place < readers; place++) {
        const agent = words[agents + place] as number;
        const block = structAt(region, blocks + place * 2, ConsumerBlock);
        const cell = words[block + (this.#isJs(agent) ? CONSUMER.cell : CONSUMER.sequence)] as number;
        used = Math.max(used, (head - cell) | 0);
        this.#readerAgents[from + place] = agent;
        reads[from + place] = doubles[(block + CONSUMER.in) >>> 1] as number;
      }
      // After what was read of it: the writer is not behind its readers.
      this.#published[lane] = doubles[(producer + PRODUCER.published) >>> 1] as number;
      this.#used[lane] = Math.max(0, used);
    }
  }

  /** Gives every agent what it has read and has not read of all its lanes. */
  #addUp(): void {
    const { words } = this.#region;
    const { sequences, lags } = this;
    const [firstReader, agents] = [this.#firstReader, this.#readerAgents];
    const [reads, readerLags, published] = [this.#reads, this.#readerLags, this.#published];
    for (let lane = 0; lane < published.length; lane++) {
      // What a reader will have read at the end: also what earlier runs left in a journal.
      const handed = (published[lane] as number) + (this.#journals.get(lane)?.replayed ?? 0);
      for (let reader = firstReader[lane] as number; reader < (firstReader[lane + 1] as number); reader++) {
        const agent = agents[reader] as number;
        const read = reads[reader] as number;
        const lag = Math.max(0, handed - read);
        readerLags[reader] = lag;
        if (agent >= sequences.length) continue;
        sequences[agent] = (sequences[agent] as number) + read;
        lags[agent] = (lags[agent] as number) + lag;
      }
    }
    const { first, stride, count } = this.#agents;
    for (let agent = 0, row = first; agent < count; agent++, row += stride) {
      const kind = words[row + AGENT.kind] as number;
      if (kind === AgentKind.Ingress) this.#addIngress(agent, row);
      else if (kind === AgentKind.Journal) this.#addJournal(agent, row);
    }
  }

  #addIngress(agent: number, row: number): void {
    const { words } = this.#region;
    const count = words[row + AGENT.outlet_count] as number;
    const lane = count === 0 ? NONE : words[listAt(this.#region, row + AGENT.outlets_offset, count, 4)];
    if (lane === undefined || lane >= this.#lanes.count) return;
    const published = this.#published[lane] as number;
    this.sequences[agent] = published;
    const end = this.#firstReader[lane + 1] as number;
    for (let reader = this.#firstReader[lane] as number; reader < end; reader++)
      this.lags[agent] = Math.max(this.lags[agent] as number, published - (this.#reads[reader] as number));
  }

  /** The agent of a journal has the lane whose files it writes as its inlet, and sees this run's records only. */
  #addJournal(agent: number, row: number): void {
    const { words, doubles } = this.#region;
    const count = words[row + AGENT.inlet_count] as number;
    const lane = count === 0 ? NONE : words[listAt(this.#region, row + AGENT.inlets_offset, count, 4)];
    const files = lane === undefined ? 0 : (this.#files[lane] ?? 0);
    if (lane === undefined || files === 0) return;
    const read = doubles[(files + CONSUMER.in) >>> 1] as number;
    this.sequences[agent] = read;
    this.lags[agent] = Math.max(0, (this.#published[lane] as number) - read);
  }

  latency(agent: number, row: number): LatencySummary | null {
    const { words } = this.#region;
    // A reader that has read nothing has no samples.
    if (this.sequences[agent] === 0 || words[row + AGENT.kind] === AgentKind.Ingress) return null;
    const count = words[row + AGENT.inlet_count] as number;
    const inlets = listAt(this.#region, row + AGENT.inlets_offset, count, 4);
    for (let inlet = 0; inlet < count; inlet++) this.#addLatencies(words[inlets + inlet] as number, agent);
    return this.#latencies.take();
  }

  #addLatencies(lane: number, agent: number): void {
    if (lane >= this.#lanes.count) return;
    const from = this.#firstReader[lane] as number;
    const readers = this.#readerAgents.subarray(from, this.#firstReader[lane + 1]);
    const place = readers.indexOf(agent);
    if (place < 0 || this.#reads[from + place] === 0) return;
    const row = this.#lanes.first + lane * this.#lanes.stride;
    const at = placeAt(this.#region.words, row + LANE.histograms_offset);
    addHistogram(this.#region, at + place * HISTOGRAM_COUNTS * Uint32Array.BYTES_PER_ELEMENT, this.#latencies);
  }

  lanes(agentIds: readonly string[]): LaneSnapshot[] {
    const { first, stride } = this.#lanes;
    const ids = laneIds(this.#region, this.#lanes);
    const lanes = new Array<LaneSnapshot>(ids.length);
    for (let lane = 0; lane < ids.length; lane++)
      lanes[lane] = this.#lane(lane, first + lane * stride, ids[lane] as string, agentIds);
    for (const [lane, journal] of this.#journals) lanes[lane] = { ...(lanes[lane] as LaneSnapshot), journal };
    return lanes;
  }

  #lane(lane: number, row: number, id: string, agentIds: readonly string[]): LaneSnapshot {
    const { words, doubles } = this.#region;
    const producer = this.#producers[lane] as number;
    const kind = words[row + LANE.kind] as number;
    const onFull = words[row + LANE.on_full] as number;
    return {
      id,
      kind: LANE_KINDS[kind] ?? nameOf(LaneKindCode, kind),
      inserted: ((words[row + LANE.flags] as number) & LaneFlag.Inserted) !== 0,
      ...(this.#takesLetters(lane) ? ({ origin: 'runtime' } as const) : {}),
      on_full: ON_FULL[onFull] ?? nameOf(OnFullCode, onFull),
      writer: agentIds[words[row + LANE.writer_agent] as number] ?? UNKNOWN,
      readers: this.#readers(lane, agentIds),
      unit: words[row + LANE.layout] === LayoutCode.Framed ? 'bytes' : 'records',
      capacity: words[row + LANE.capacity] as number,
      used: this.#used[lane] as number,
      published: this.#published[lane] as number,
      dropped: doubles[(producer + PRODUCER.dropped) >>> 1] as number,
      too_large: doubles[(producer + PRODUCER.too_large) >>> 1] as number,
      closed: words[producer + PRODUCER.closed] !== 0,
    };
  }

  #readers(lane: number, agentIds: readonly string[]): LaneReaderSnapshot[] {
    const from = this.#firstReader[lane] as number;
    const readers = new Array<LaneReaderSnapshot>((this.#firstReader[lane + 1] as number) - from);
    for (let place = 0, reader = from; place < readers.length; place++, reader++) {
      readers[place] = {
        id: agentIds[this.#readerAgents[reader] as number] ?? UNKNOWN,
        read: this.#reads[reader] as number,
        lag: this.#readerLags[reader] as number,
      };
    }
    return readers;
  }

  #takesLetters(lane: number): boolean {
    const { first, stride, count } = this.#agents;
    const agent = this.#readerAgents[this.#firstReader[lane] as number] ?? count;
    return agent < count && this.#region.words[first + agent * stride + AGENT.kind] === AgentKind.Letters;
  }

  #isJs(agent: number): boolean {
    const { first, stride, count } = this.#agents;
    return agent < count && this.#region.words[first + agent * stride + AGENT.thread] === NONE;
  }
}

/** In the place of an id that a damaged region does not have. */
const UNKNOWN = '(unknown)';
