/**
 * Which agents share which thread: `describe` shows it and `open` has it made. A thread runs a contiguous run of the line
 * source → stages → sink, cut where the heaviest thread is lightest: handing a record to another thread costs cache lines,
 * to the next agent of the same thread nothing. Shards are dealt out whole. The roles of a graph stand in such a line as well.
 * The files of each journal lane, and those of letters, have a thread of their own behind them, because writing and syncing
 * block. Pure; any thread.
 */

import { NONE } from '../abi/definition.js';
import { weightOf } from '../abi/ops.js';
import type { GraphSpec, RingSpec, RoleSpec, Spec, StageSpec } from '../lower/spec.js';
import { agentCount, fileAgents, isJournal } from './graph-memory.js';
import { LETTERS_AGENT, letterAgents } from './letters.js';

/** Who runs an end: a native adapter, a handle of JavaScript, or (the egress only) nothing. */
export type EndRunner = 'native' | 'js' | 'discard';

export interface PlacementAsked {
  /** By boundary id; JavaScript runs those that are left out. */
  readonly ends: Readonly<Record<string, EndRunner>>;
  /** Native threads asked for; undefined: as the CPUs allow. */
  readonly threads?: number | undefined;
  /** Threads that may be busy all the time on this machine. */
  readonly cpus: number;
}

/**
 * The thread of each agent, in the order of the region's agents; NONE for an end that is a handle of JavaScript. What
 * JavaScript runs of a hosted stage stands behind the native threads, one a stage in the order of the catalog.
 */
export interface Placement {
  /** Native threads. */
  readonly threads: number;
  /** Stages that JavaScript runs. */
  readonly hosted: number;
  readonly agentThreads: readonly number[];
}

export interface PlacedAgent {
  /** Of a stage, boundary or inserted element; of the files of a journal, the lane's. */
  readonly id: string;
  readonly shard: number;
}

export interface PlacedThread {
  /** In the order in which it runs them. */
  readonly agents: readonly PlacedAgent[];
}

/**
 * Relative costs, from runs over whole files: reading and splitting lines and writing them out weigh more than any built-in op.
 */
const SOURCE_WEIGHT = 3;
const SINK_WEIGHT = 4;
/** Moving a record from lane to lane is most of what a role does. */
const LANE_WEIGHT = 0.5;

const stageWeight = ({ op, config }: StageSpec): number => weightOf(op, config !== null);

/** JavaScript runs it, one runner a stage: its rank among such stages of the catalog. */
const isHosted = ({ op }: StageSpec): boolean => op === 'Js';

/** Which runner behind the native threads runs that stage of the catalog. */
const hostedRank = (stages: readonly StageSpec[], stage: number): number =>
  stages.slice(0, stage).filter(isHosted).length;

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** Cuts weights into at most `parts` contiguous runs, the heaviest as light as possible; the part of each item. */
export function partition(weights: readonly number[], parts: number): number[] {
  const count = weights.length;
  const sums = [0];
  for (const weight of weights) sums.push((sums.at(-1) as number) + weight);
  const sum = (from: number, to: number): number => (sums[to] as number) - (sums[from] as number);
  // best[i]: lightest possible heaviest run of the first i items in p runs; cuts[p][i]: where the last of them begins, as
  // early as that allows. The later a run begins, the lighter it is and the heavier those before it, and where the two
  // meet moves on with i: one walk over the items for each p.
  let best = [0, ...Array<number>(count).fill(Number.POSITIVE_INFINITY)];
  const cuts: number[][] = [[]];
  for (let p = 1; p <= parts; p++) {
    const next = Array<number>(count + 1).fill(Number.POSITIVE_INFINITY);
    const cut = Array<number>(count + 1).fill(0);
    let meet = p - 1;
    let first = p - 1;
    for (let i = p; i <= count; i++) {
      while (meet + 1 < i && (best[meet] as number) < sum(meet, i)) meet++;
      const lightest = Math.max(best[meet] as number, sum(meet, i));
      next[i] = meet > p - 1 ? Math.min(lightest, sum(meet - 1, i)) : lightest;
      while (sum(first, i) > (next[i] as number)) first++;
      cut[i] = first;
    }
    best = next;
    cuts.push(cut);
  }
  const part = Array<number>(count).fill(0);
  for (let p = parts, end = count; p >= 1; p--) {
    const begin = (cuts[p] as number[])[end] as number;
    part.fill(p - 1, begin, end);
    end = begin;
  }
  return part;
}

/** One CPU is left to JavaScript where it runs an end. */
const wantedThreads = ({ threads, cpus }: PlacementAsked, usesJs: boolean): number =>
  threads ?? (usesJs && cpus > 1 ? cpus - 1 : cpus);

const runnerOf = ({ ends }: PlacementAsked, id: string): EndRunner => ends[id] ?? 'js';

/** The entries that native threads run, and the thread of each entry of each shard. */
function placeEntries(spec: RingSpec, native: readonly (readonly number[])[], threads: number): number[][] {
  return native.map((placed) => {
    let next = 0;
    return spec.entries.map(({ stage }) =>
      isHosted(spec.stages[stage] as StageSpec) ? threads + hostedRank(spec.stages, stage) : (placed[next++] as number),
    );
  });
}

function placeRing(spec: RingSpec, asked: PlacementAsked): Placement {
  const [ingress, egress] = [runnerOf(asked, spec.ingress.id), runnerOf(asked, spec.egress.id)];
  const stages = spec.entries.map(({ stage }) => spec.stages[stage] as StageSpec);
  const own = stages.filter((stage) => !isHosted(stage));
  const hosted = stages.length - own.length;
  const wanted = wantedThreads(asked, ingress === 'js' || egress === 'js' || hosted > 0);
  const first = ingress === 'native' ? 1 : 0;
  const weights = [
    ...(ingress === 'native' ? [SOURCE_WEIGHT] : []),
    ...own.map(stageWeight),
    ...(egress === 'native' ? [SINK_WEIGHT] : []),
  ];
  // A discarded egress runs beside other agents; alone it has a thread as well.
  const least = weights.length > 0 || egress === 'discard' ? 1 : 0;
  const sharded = spec.shards > 1;
  const threads = clamp(
    wanted,
    least,
    sharded ? Math.max(least, own.length > 0 ? spec.shards : least) : Math.max(least, weights.length),
  );
  // Whole shards are dealt out; of one shard, its stages.
  const placed = Array.from({ length: spec.shards }, (_, shard) =>
    sharded ? own.map(() => shard % threads) : partition(weights, threads).slice(first, first + own.length),
  );
  // The source goes with the first thread and the sink with the last.
  const source = ingress === 'js' ? NONE : 0;
  const sink = egress === 'js' ? NONE : threads - 1;
  const files = letterAgents(spec);
  const agentThreads = placeEntries(spec, placed, threads + files).flatMap((entries) => [source, ...entries, sink]);
  if (files > 0) agentThreads.push(threads);
  return { threads: threads + files, hosted, agentThreads };
}

function roleWeight({ kind, index, inlets, outlets }: RoleSpec, runner: EndRunner, { stages }: GraphSpec): number {
  switch (kind) {
    case 'Ingress':
      return SOURCE_WEIGHT;
    case 'Egress':
      return runner === 'discard' ? LANE_WEIGHT : SINK_WEIGHT;
    case 'Stage':
      return LANE_WEIGHT + stageWeight(stages[index ?? 0] as StageSpec);
    default:
      return LANE_WEIGHT * Math.max(inlets.length, outlets.length);
  }
}

const isEnd = ({ kind }: RoleSpec): boolean => kind === 'Ingress' || kind === 'Egress';

/** Roles in the order of flow, relays among them; `threads` asked for are those of the roles. */
function placeGraph(spec: GraphSpec, asked: PlacementAsked): Placement {
  const hosts = [...spec.roles.keys()].filter((role) => isHostedRole(spec, role));
  const runners = spec.roles.map((role) => (isEnd(role) ? runnerOf(asked, role.id) : 'native'));
  const native = [...spec.roles.keys()].filter((role) => runners[role] !== 'js' && !hosts.includes(role));
  const wanted = wantedThreads(asked, native.length < spec.roles.length);
  const weights = native.map((role) => roleWeight(spec.roles[role] as RoleSpec, runners[role] as EndRunner, spec));
  const threads = clamp(wanted, Math.min(1, native.length), native.length);
  const agentThreads = Array<number>(agentCount(spec)).fill(NONE);
  for (const [at, thread] of partition(weights, threads).entries()) agentThreads[native[at] as number] = thread;
  const files = fileAgents(spec);
  for (let file = 0; file < files; file++) agentThreads[spec.roles.length + file] = threads + file;
  for (const role of hosts)
    agentThreads[role] = threads + files + hostedRank(spec.stages, (spec.roles[role] as RoleSpec).index as number);
  return { threads: threads + files, hosted: hosts.length, agentThreads };
}

function isHostedRole({ roles, stages }: GraphSpec, role: number): boolean {
  const { kind, index } = roles[role] as RoleSpec;
  return kind === 'Stage' && isHosted(stages[index ?? 0] as StageSpec);
}

/** Which thread runs which agent. */
export const place = (spec: Spec, asked: PlacementAsked): Placement =>
  spec.target === 'SingleRing' ? placeRing(spec, asked) : placeGraph(spec, asked);

/** The agents of a region, in its order. */
function agentsOf(spec: Spec): readonly PlacedAgent[] {
  const letters = letterAgents(spec) === 0 ? [] : [{ id: LETTERS_AGENT, shard: 0 }];
  if (spec.target === 'LaneGraph')
    return [
      ...spec.roles.map(({ id }) => ({ id, shard: 0 })),
      ...spec.lanes.filter(isJournal).map(({ id }) => ({ id, shard: 0 })),
      ...letters,
    ];
  const ids = [
    spec.ingress.id,
    ...spec.entries.map(({ stage }) => (spec.stages[stage] as StageSpec).id),
    spec.egress.id,
  ];
  return [...Array.from({ length: spec.shards }, (_, shard) => ids.map((id) => ({ id, shard }))).flat(), ...letters];
}

/** A placement by threads, with names. */
export function placedThreads(spec: Spec, { threads, agentThreads }: Placement): readonly PlacedThread[] {
  const agents = agentsOf(spec);
  return Array.from({ length: threads }, (_, thread) => ({
    agents: agents.filter((_, agent) => agentThreads[agent] === thread),
  }));
}
