/**
 * What a pipeline is doing: every agent with its sequence, lag and state, what a stalled one waits for, hop latencies,
 * threads. A pure reader of a region: of a live one in this process, of a copy, or of the file of an observed pipeline,
 * running or dead. Values are of slightly different moments while it runs.
 */

import { ConsumerBlock, enums, NONE, ProducerBlock } from '../abi/definition.js';
import type { CauseCounts } from './counts.js';
import type { Failure } from './failure.js';
import { GraphReader, type LaneSnapshot, type Progress } from './graph-snapshot.js';
import { HistogramSum, type LatencySummary } from './histogram.js';
import { nameOf, namesOf, type Region, RegionError, regionOf } from './region.js';
import {
  AGENT,
  addHistogram,
  agentIds,
  agentTable,
  fieldWords,
  listAt,
  placeAt,
  structAt,
  type Table,
} from './region-tables.js';
import { addCauses } from './stage-counters.js';
import { NO_AGENT, WaitChains } from './wait-chains.js';

/** What an agent does: `Waiting` for records, `Stalled` for room, and so on. */
export type AgentStateName = keyof typeof enums.AgentState;

/** One link of a chain: an agent that waits, and whom it waits for. */
export interface BlockedOn {
  /** `id`, or `id/shard` where there are several shards. */
  readonly agent: string;
  /** What that agent does. */
  readonly state: AgentStateName;
}

/**
 * What the code of a stage that JavaScript runs is at. `Untaken`: no thread runs it, and one is to attach; `Loading`: its worker
 * loads its module; `Resting`: it waits to be called; `Called`: it is in its function; `Promised`: it waits for a promise.
 */
export type HostPhaseName = Exclude<keyof typeof enums.HostPhase, 'None'>;

/** The code of a stage that JavaScript runs. */
export interface HostedSnapshot {
  /** What it is at. */
  readonly phase: HostPhaseName;
  /** Monotonic clock of the machine, ns: since when it is in its function, or the promise is pending; null in other phases. */
  readonly since_ns: number | null;
  /** Records that wait for promises. */
  readonly promised: number;
}

/** An agent of an observed pipeline: a role, or one shard of it. */
export interface AgentSnapshot {
  /** Id of the role. */
  readonly id: string;
  /** Shard of a SingleRing; 0 in a LaneGraph. */
  readonly shard: number;
  /** `journal`: writes the files of a journal lane; `letters`: those of the pipeline's letters. */
  readonly kind: 'ingress' | 'stage' | 'egress' | 'router' | 'merge' | 'bridge' | 'journal' | 'letters';
  /** Name of its native thread, or null where JavaScript runs it. */
  readonly thread: string | null;
  /** Sequence of the next record it will handle; in a LaneGraph, records it has read (an ingress: published). */
  readonly sequence: number;
  /**
   * Records between it and the ingress of its shard; for the ingress, records not yet given back to it. In a LaneGraph,
   * records in the lanes before it; for an ingress, in the lane behind it.
   */
  readonly lag: number;
  /** What it does. */
  readonly state: AgentStateName;
  /**
   * From the agent it waits for to the one that holds them up; empty while it does not wait. Of more than 16 links
   * the first 15 and the last.
   */
  readonly blocked_on: readonly BlockedOn[];
  /** Links of the whole chain. */
  readonly blocked_on_links: number;
  /** The edge to blame, in the direction of the records: the last link of the chain; null while it does not wait. */
  readonly blame: string | null;
  /** Of a stage that JavaScript runs, what its code is at; null of other agents, and where the stage has ended. */
  readonly hosted: HostedSnapshot | null;
  /** Records that failed in it and did not go on. */
  readonly failed: number;
  /** Records that failed in it and went on as they had come. */
  readonly passed_failed: number;
  /** Both, by cause. */
  readonly causes: CauseCounts;
  /** Nanoseconds from the agent before it to the end of its own work, of sampled records; null for an ingress. */
  readonly latency_ns: LatencySummary | null;
}

/** A native thread of an observed pipeline. */
export interface ThreadSnapshot {
  /** Name of the thread, as the operating system shows it. */
  readonly name: string;
  /** CPU it is pinned to, or null. */
  readonly cpu: number | null;
  /** What became of the wish to pin it. */
  readonly pin: keyof typeof enums.PinState;
  /** Thread id of the operating system; 0 before it runs. */
  readonly tid: number;
  /** How often it went to sleep. */
  readonly parks: number;
  /** Rounds over its agents. */
  readonly rounds: number;
  /** Rounds in which no agent had work. */
  readonly idle_rounds: number;
}

/** What an observed pipeline is doing, or was doing when its process ended. */
export interface Snapshot {
  /** Name of the plan. */
  readonly name: string;
  /** Id of the version that runs. */
  readonly version: string;
  /** Id of its process. */
  readonly pid: number;
  /** Number of the pipeline in its process. */
  readonly pipeline: number;
  /** Which of the two execution models runs. */
  readonly target: keyof typeof enums.TargetCode;
  /** Where it stands between start and end. */
  readonly state: keyof typeof enums.RegionState;
  /** Monotonic clock of the machine when the threads started, ns. */
  readonly started_ns: number;
  /** Every agent, once a shard. */
  readonly agents: readonly AgentSnapshot[];
  /** Lanes of a LaneGraph; a SingleRing has those of letters alone. */
  readonly lanes: readonly LaneSnapshot[];
  /** Its native threads. */
  readonly threads: readonly ThreadSnapshot[];
  /** The first failure, or null. */
  readonly failure: Failure | null;
}

const { AgentKind, AgentState, HostPhase, PortCode } = enums;
const PRODUCER = fieldWords(ProducerBlock);
const CONSUMER = fieldWords(ConsumerBlock);
const STATES = namesOf(AgentState);
const PHASES = namesOf(HostPhase);
/** In these it waits for no other agent, whatever it waited for when the core had seen it last. */
const OF_ITS_OWN: readonly number[] = [HostPhase.Untaken, HostPhase.Loading, HostPhase.Called, HostPhase.Promised];

const KINDS: Readonly<Record<number, AgentSnapshot['kind']>> = {
  [AgentKind.Ingress]: 'ingress',
  [AgentKind.Stage]: 'stage',
  [AgentKind.Egress]: 'egress',
  [AgentKind.Router]: 'router',
  [AgentKind.Merge]: 'merge',
  [AgentKind.Bridge]: 'bridge',
  [AgentKind.Journal]: 'journal',
  [AgentKind.Letters]: 'letters',
};

const hasEnded = (state: number): boolean => state === AgentState.Done || state === AgentState.Failed;

const NO_FAILURES = { failed: 0, passed_failed: 0, causes: {} } as const;

/** The 64-bit sequence with the low half `cell` that lies nearest to `near`. */
function widen(cell: number, near: number): number {
  return near + ((cell - (near % 2 ** 32)) | 0);
}

/** How far the agents of a ring are. Made for one snapshot. */
class RingReader implements Progress {
  readonly sequences: Float64Array;
  readonly lags: Float64Array;
  readonly #region: Region;
  readonly #agents: Table;
  readonly #ports: readonly { readonly ingress: number; readonly egress: number }[];
  readonly #latencies = new HistogramSum();
  readonly #letters: GraphReader;

  /** @param letters of the lanes of letters */
  constructor(region: Region, agents: Table, letters: GraphReader) {
    this.#region = region;
    this.#agents = agents;
    this.#letters = letters;
    this.#ports = region.rings.map((ring) => ({ ingress: ring.u32('ingress_port'), egress: ring.u32('egress_port') }));
    this.sequences = new Float64Array(agents.count);
    this.lags = new Float64Array(agents.count);
    this.#measure();
  }

  #measure(): void {
    const { words } = this.#region;
    const { first, stride, count } = this.#agents;
    // Ring → its first and its last agent, by the words where they begin.
    const [firsts, lasts]: [number[], number[]] = [[], []];
    for (let row = first; row < first + count * stride; row += stride) {
      if (words[row + AGENT.kind] === AgentKind.Letters) continue;
      const ring = words[row + AGENT.ring] as number;
      firsts[ring] ??= row;
      lasts[ring] = row;
    }
    for (let agent = 0, row = first; agent < count; agent++, row += stride) {
      if (words[row + AGENT.kind] === AgentKind.Letters) {
        this.sequences[agent] = this.#letters.sequences[agent] as number;
        this.lags[agent] = this.#letters.lags[agent] as number;
        continue;
      }
      const ring = words[row + AGENT.ring] as number;
      const ingress = words[row + AGENT.kind] === AgentKind.Ingress;
      const own = this.#sequence(row);
      const other = this.#sequence((ingress ? lasts[ring] : firsts[ring]) as number);
      this.sequences[agent] = own;
      this.lags[agent] = ingress ? own - other : other - own;
    }
  }

  #sequence(row: number): number {
    const region = this.#region;
    const { words, wides, doubles } = region;
    const kind = words[row + AGENT.kind];
    const ports = this.#ports[words[row + AGENT.ring] as number];
    if (kind === AgentKind.Ingress) {
      const block = structAt(region, row + AGENT.block_offset, ProducerBlock);
      if (ports?.ingress === PortCode.Js) return doubles[(block + PRODUCER.next) >>> 1] as number;
      return Number(wides[(block + PRODUCER.cursor) >>> 1]);
    }
    const block = structAt(region, row + AGENT.block_offset, ConsumerBlock);
    if (kind !== AgentKind.Egress || ports?.egress !== PortCode.Js)
      return Number(wides[(block + CONSUMER.sequence) >>> 1]);
    // A cell alone has 32 bits: it is never a ring away from a stage that it waits for.
    const before = structAt(region, this.#stageBefore(row) + AGENT.block_offset, ConsumerBlock);
    return widen(words[block + CONSUMER.cell] as number, Number(wides[(before + CONSUMER.sequence) >>> 1]));
  }

  /** A stage that an egress waits for. */
  #stageBefore(egress: number): number {
    const { words } = this.#region;
    const { first, stride, count } = this.#agents;
    const dependencies = words[egress + AGENT.dependency_count] as number;
    const list = listAt(this.#region, egress + AGENT.dependencies_offset, dependencies, 4);
    const agent = dependencies === 0 ? count : (words[list] as number);
    const row = first + agent * stride;
    if (agent < count && words[row + AGENT.kind] === AgentKind.Stage) return row;
    const id = agentIds(this.#region, this.#agents)[(egress - first) / stride];
    throw new RegionError(`egress ${id} waits for no stage: the region is damaged`);
  }

  latency(agent: number, row: number): LatencySummary | null {
    if (this.#region.words[row + AGENT.kind] === AgentKind.Letters) return this.#letters.latency(agent, row);
    const at = placeAt(this.#region.words, row + AGENT.histogram_offset);
    // Without a record there is no sample.
    if (at === 0 || this.sequences[agent] === 0) return null;
    addHistogram(this.#region, at, this.#latencies);
    return this.#latencies.take();
  }
}

/** Reads the agents of one region; made for one snapshot. */
class Reader {
  readonly lanes: GraphReader;
  readonly ids: readonly string[];
  readonly threadNames: readonly string[];
  readonly #region: Region;
  readonly #words: Uint32Array;
  readonly #table: Table;
  readonly #sharded: boolean;
  readonly #progress: Progress;
  readonly #chains: WaitChains;
  /**
   * Agent → what chains say of it: one object for all that it is in, because a snapshot of a long stall has sixteen links for
   * every agent.
   */
  readonly #links: BlockedOn[];
  /** Agent that waits for the last one of its chain → the edge between them. */
  readonly #edges: string[];

  constructor(region: Region) {
    this.threadNames = region.threads.map((thread) => region.text(thread.offset('name'), thread.u32('name_length')));
    this.#region = region;
    this.#words = region.words;
    this.#table = agentTable(region);
    this.ids = agentIds(region, this.#table);
    this.#sharded = !region.isGraph && region.rings.length > 1;
    this.#links = new Array<BlockedOn>(this.#table.count);
    this.#edges = new Array<string>(this.#table.count);
    this.#chains = new WaitChains(this.#readWaits());
    this.lanes = new GraphReader(region, this.#table);
    this.#progress = region.isGraph ? this.lanes : new RingReader(region, this.#table, this.lanes);
  }

  agents(): AgentSnapshot[] {
    const { first, stride, count } = this.#table;
    const agents = new Array<AgentSnapshot>(count);
    for (let index = 0; index < count; index++) agents[index] = this.#agent(first + index * stride, index);
    return agents;
  }

  /** The states of all agents, and whom each waits for: of one moment, as far as that goes. */
  #readWaits(): Int32Array {
    const words = this.#words;
    const { first, stride, count } = this.#table;
    const next = new Int32Array(count).fill(NO_AGENT);
    for (let index = 0, row = first; index < count; index++, row += stride) {
      const phase = words[row + AGENT.host_phase] as number;
      const seen = words[row + AGENT.state] as number;
      // The core writes the state behind a call.
      const code = phase === HostPhase.Called && !hasEnded(seen) ? AgentState.Working : seen;
      const waitsFor = words[row + AGENT.waits_for] as number;
      const state = STATES[code] ?? nameOf(AgentState, code);
      const id = this.ids[index] as string;
      this.#links[index] = { agent: this.#sharded ? `${id}/${words[row + AGENT.ring]}` : id, state };
      const waits = code === AgentState.Stalled || (code === AgentState.Waiting && !OF_ITS_OWN.includes(phase));
      if (waits && waitsFor < count) next[index] = waitsFor;
    }
    return next;
  }

  #agent(row: number, index: number): AgentSnapshot {
    const words = this.#words;
    const thread = words[row + AGENT.thread] as number;
    const { sequences, lags } = this.#progress;
    const failures = this.#failures(row);
    return {
      id: this.ids[index] as string,
      shard: words[row + AGENT.ring] as number,
      kind: KINDS[words[row + AGENT.kind] as number] ?? 'stage',
      thread: thread === NONE ? null : (this.threadNames[thread] ?? null),
      sequence: sequences[index] as number,
      lag: lags[index] as number,
      state: (this.#links[index] as BlockedOn).state,
      // The agents that it waits for, up to the first that does not wait, or until the chain closes on itself.
      blocked_on: this.#chains.links(index, this.#links),
      blocked_on_links: this.#chains.counts[index] as number,
      blame: this.#blame(index),
      hosted: this.#hosted(row),
      failed: failures.failed,
      passed_failed: failures.passed_failed,
      causes: failures.causes,
      latency_ns: this.#progress.latency(index, row),
    };
  }

  #hosted(row: number): HostedSnapshot | null {
    const { doubles } = this.#region;
    const code = this.#words[row + AGENT.host_phase] as number;
    const phase = PHASES[code];
    if (code === HostPhase.None || phase === undefined || hasEnded(this.#words[row + AGENT.state] as number))
      return null;
    const since = doubles[(row + AGENT.host_since) >>> 1] as number;
    const counters = structAt(this.#region, row + AGENT.block_offset, ConsumerBlock);
    return {
      phase: phase as HostPhaseName,
      since_ns: code === HostPhase.Called || code === HostPhase.Promised ? since : null,
      promised: doubles[(counters + CONSUMER.held) >>> 1] as number,
    };
  }

  /** Only what reads counts what failed in it. */
  #failures(row: number): Pick<AgentSnapshot, 'failed' | 'passed_failed' | 'causes'> {
    if (this.#words[row + AGENT.kind] === AgentKind.Ingress) return NO_FAILURES;
    const counters = structAt(this.#region, row + AGENT.block_offset, ConsumerBlock);
    const { doubles } = this.#region;
    const failed = doubles[(counters + CONSUMER.failed) >>> 1] as number;
    const passed_failed = doubles[(counters + CONSUMER.passed_failed) >>> 1] as number;
    if (failed + passed_failed === 0) return NO_FAILURES;
    const causes: CauseCounts = {};
    addCauses(causes, (place) => doubles[((counters + CONSUMER.causes) >>> 1) + place] as number);
    return { failed, passed_failed, causes };
  }

  /** A stalled agent waits for one downstream, an agent that waits for records for one upstream. */
  #blame(index: number): string | null {
    const waiter = this.#chains.waiters[index] as number;
    if (waiter === NO_AGENT) return null;
    this.#edges[waiter] ??= this.#edge(waiter, this.#chains.ends[index] as number);
    return this.#edges[waiter];
  }

  #edge(waiter: number, end: number): string {
    const [waiting, ending] = [this.#links[waiter] as BlockedOn, this.#links[end] as BlockedOn];
    return waiting.state === 'Stalled' ? `${waiting.agent} -> ${ending.agent}` : `${ending.agent} -> ${waiting.agent}`;
  }
}

/**
 * Reads a region: `pipeline.snapshot()` of this process, or the bytes of an observed pipeline's file.
 * @throws RegionError when the bytes are not a region of this layout version.
 */
export function readSnapshot(bytes: ArrayBuffer | Uint8Array): Snapshot {
  const region = regionOf(bytes);
  const reader = new Reader(region);
  const { header } = region;
  return {
    name: region.name,
    version: region.text(header.offset('version_id'), 64).replace(/\0+$/, ''),
    pid: header.u32('pid'),
    pipeline: header.u32('pipeline'),
    target: nameOf(enums.TargetCode, header.u32('target')),
    state: nameOf(enums.RegionState, header.u32('state')),
    started_ns: header.f64('started_ns'),
    agents: reader.agents(),
    lanes: reader.lanes.lanes(reader.ids),
    threads: region.threads.map((thread, index) => ({
      name: reader.threadNames[index] as string,
      cpu: thread.i32('cpu') < 0 ? null : thread.i32('cpu'),
      pin: nameOf(enums.PinState, thread.u32('pin_state')),
      tid: thread.u32('tid'),
      parks: thread.f64('parks'),
      rounds: thread.f64('rounds'),
      idle_rounds: thread.f64('idle_rounds'),
    })),
    failure: region.failure ?? null,
  };
}
