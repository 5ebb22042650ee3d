/**
 * What a pipeline is doing: every agent with its sequence, lag and state, what a stalled one waits for, hop latencies,
 * threads. A pure reader of a region: of a live one in this process, of a copy, or of the file of an observed pipeline,
 * running or dead. Values are of slightly different moments while it runs.
 */

import { type AgentEntry, ConsumerBlock, enums, HISTOGRAM_COUNTS, NONE, ProducerBlock } from '../abi/definition.js';
import type { Failure } from './failure.js';
import { GraphReader, type LaneSnapshot } from './graph-snapshot.js';
import { type LatencySummary, summarizeHistogram } from './histogram.js';
import { Block, type BlockOf, nameOf, type Region, RegionError, regionOf } from './region.js';
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

/** An agent of an observed pipeline: a role, or one shard of it. */
export interface AgentSnapshot {
  /** Id of the role. */
  readonly id: string;
  /** Shard of a SingleRing; 0 in a LaneGraph. */
  readonly shard: number;
  /** `journal`: writes the files of a journal lane. */
  readonly kind: 'ingress' | 'stage' | 'egress' | 'router' | 'merge' | 'bridge' | 'journal';
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
  /** Lanes of a LaneGraph; a SingleRing has none. */
  readonly lanes: readonly LaneSnapshot[];
  /** Its native threads. */
  readonly threads: readonly ThreadSnapshot[];
  /** The first failure, or null. */
  readonly failure: Failure | null;
}

type Agent = BlockOf<typeof AgentEntry>;

const KINDS: Readonly<Record<number, AgentSnapshot['kind']>> = {
  [enums.AgentKind.Ingress]: 'ingress',
  [enums.AgentKind.Stage]: 'stage',
  [enums.AgentKind.Egress]: 'egress',
  [enums.AgentKind.Router]: 'router',
  [enums.AgentKind.Merge]: 'merge',
  [enums.AgentKind.Bridge]: 'bridge',
  [enums.AgentKind.Journal]: 'journal',
};

/** The 64-bit sequence with the low half `cell` that lies nearest to `near`. */
function widen(cell: number, near: number): number {
  return near + ((cell - (near % 2 ** 32)) | 0);
}

/** Reads one region; made for one snapshot. */
class Reader {
  readonly region: Region;
  readonly agents: readonly Agent[];
  readonly #threads: readonly string[];
  readonly #labels: readonly string[];
  readonly #states: readonly AgentStateName[];
  readonly #chains: WaitChains;
  readonly #links: BlockedOn[] = [];
  /** Ring → its first and its last agent. */
  readonly #ends: readonly (readonly [first: Agent, last: Agent])[];
  readonly #ports: readonly { readonly ingress: number; readonly egress: number }[];

  constructor(region: Region) {
    this.region = region;
    this.agents = region.agents;
    this.#threads = region.threads.map((thread) => region.text(thread.offset('name'), thread.u32('name_length')));
    this.#ports = region.rings.map((ring) => ({ ingress: ring.u32('ingress_port'), egress: ring.u32('egress_port') }));
    const { agents } = this;
    this.#labels = agents.map((agent) => this.label(agent));
    this.#states = agents.map((agent) => nameOf(enums.AgentState, agent.u32('state')));
    this.#chains = new WaitChains(agents.map((agent, index) => this.#waitsFor(agent, index)));
    this.#ends = endsOfRings(agents);
  }

  get threadNames(): readonly string[] {
    return this.#threads;
  }

  sequence(agent: Agent): number {
    const at = agent.u64('block_offset');
    const ports = this.#ports[agent.u32('ring')];
    if (agent.u32('kind') === enums.AgentKind.Ingress) {
      const block = new Block(this.region, ProducerBlock, at);
      return ports?.ingress === enums.PortCode.Js ? block.f64('next') : block.u64('cursor');
    }
    const block = new Block(this.region, ConsumerBlock, at);
    if (agent.u32('kind') !== enums.AgentKind.Egress || ports?.egress !== enums.PortCode.Js)
      return block.u64('sequence');
    // A cell alone has 32 bits: it is never a ring away from a stage that it waits for.
    const stage = this.agents[this.dependencies(agent)[0] ?? NONE];
    if (stage?.u32('kind') !== enums.AgentKind.Stage)
      throw new RegionError(`egress ${this.label(agent)} waits for no stage: the region is damaged`);
    return widen(block.u32('cell'), new Block(this.region, ConsumerBlock, stage.u64('block_offset')).u64('sequence'));
  }

  dependencies(agent: Agent): number[] {
    return this.region.u32List(agent.u64('dependencies_offset'), agent.u32('dependency_count'));
  }

  label(agent: Agent): string {
    const id = this.region.agentId(agent);
    return this.#ports.length > 1 ? `${id}/${agent.u32('ring')}` : id;
  }

  state(index: number): AgentStateName {
    return this.#states[index] as AgentStateName;
  }

  /** The agents that one waits for, up to the first that does not wait, or until the chain closes on itself. */
  blockedOn(index: number): { readonly shown: BlockedOn[]; readonly links: number } {
    const shown = this.#chains.links(index).map((link) => this.#link(link));
    return { shown, links: this.#chains.chain(index).count };
  }

  /** A stalled agent waits for one downstream, an agent that waits for records for one upstream. */
  blame(index: number): string | null {
    const { count, end, waiter } = this.#chains.chain(index);
    if (count === 0) return null;
    const [ending, waiting] = [this.#link(end), this.#link(waiter)];
    return waiting.state === 'Stalled' ? `${waiting.agent} -> ${ending.agent}` : `${ending.agent} -> ${waiting.agent}`;
  }

  /** The first and the last agent of a shard. */
  ends(agent: Agent): readonly [first: Agent, last: Agent] {
    return this.#ends[agent.u32('ring')] as readonly [Agent, Agent];
  }

  /** One object for all chains that an agent is in: a snapshot of a long stall has sixteen links for every agent. */
  #link(index: number): BlockedOn {
    this.#links[index] ??= { agent: this.#labels[index] as string, state: this.state(index) };
    return this.#links[index];
  }

  #waitsFor(agent: Agent, index: number): number {
    const state = this.#states[index];
    if (state !== 'Waiting' && state !== 'Stalled') return NO_AGENT;
    const next = agent.u32('waits_for');
    return next < this.agents.length ? next : NO_AGENT;
  }

  latency(agent: Agent): LatencySummary | null {
    const at = agent.u64('histogram_offset');
    return at === 0 ? null : summarizeHistogram(this.region.u32Table(at, HISTOGRAM_COUNTS));
  }
}

function endsOfRings(agents: readonly Agent[]): [first: Agent, last: Agent][] {
  const ends: [Agent, Agent][] = [];
  for (const agent of agents) {
    const ring = agent.u32('ring');
    ends[ring] = [ends[ring]?.[0] ?? agent, agent];
  }
  return ends;
}

/** What tells apart how far an agent of a ring and a role of a graph are. */
type Progress = Pick<AgentSnapshot, 'sequence' | 'lag' | 'latency_ns'>;

function ringProgress(reader: Reader, agent: Agent): Progress {
  const sequence = reader.sequence(agent);
  const ingress = agent.u32('kind') === enums.AgentKind.Ingress;
  const [first, last] = reader.ends(agent);
  const other = reader.sequence(ingress ? last : first);
  return { sequence, lag: ingress ? sequence - other : other - sequence, latency_ns: reader.latency(agent) };
}

function agentSnapshot(reader: Reader, agent: Agent, index: number, progress: Progress): AgentSnapshot {
  const chain = reader.blockedOn(index);
  const thread = agent.u32('thread');
  return {
    id: reader.region.agentId(agent),
    shard: agent.u32('ring'),
    kind: KINDS[agent.u32('kind')] ?? 'stage',
    thread: thread === NONE ? null : (reader.threadNames[thread] ?? null),
    sequence: progress.sequence,
    lag: progress.lag,
    state: reader.state(index),
    blocked_on: chain.shown,
    blocked_on_links: chain.links,
    blame: reader.blame(index),
    latency_ns: progress.latency_ns,
  };
}

/**
 * Reads a region: `pipeline.snapshot()` of this process, or the bytes of an observed pipeline's file.
 * @throws RegionError when the bytes are not a region of this layout version.
 */
export function readSnapshot(bytes: ArrayBuffer | Uint8Array): Snapshot {
  const region = regionOf(bytes);
  const reader = new Reader(region);
  const { header } = region;
  const graph = region.isGraph ? new GraphReader(region) : undefined;
  return {
    name: region.name,
    version: region.text(header.offset('version_id'), 64).replace(/\0+$/, ''),
    pid: header.u32('pid'),
    pipeline: header.u32('pipeline'),
    target: nameOf(enums.TargetCode, header.u32('target')),
    state: nameOf(enums.RegionState, header.u32('state')),
    started_ns: header.f64('started_ns'),
    agents: reader.agents.map((agent, index) =>
      agentSnapshot(reader, agent, index, graph?.progress(agent, index) ?? ringProgress(reader, agent)),
    ),
    lanes: graph?.lanes() ?? [],
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
