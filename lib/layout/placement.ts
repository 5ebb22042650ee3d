/**
 * Which agents would share which thread, before a pipeline is opened. The rules are those of native/run/placement.cpp;
 * a test opens pipelines and compares. A thread runs a contiguous run of the line source → stages → sink, cut where the
 * heaviest thread is lightest; shards are dealt out whole. The roles of a graph stand in such a line as well, and the files
 * of each journal lane have a thread of their own behind them. Pure; any thread.
 */

import { weightOf } from '../abi/ops.js';
import type { GraphSpec, RingSpec, RoleSpec, StageSpec } from '../lower/spec.js';
import { withRelays } from './relays.js';

/** Who runs an end: a native adapter, a handle of JavaScript, or (the egress only) nothing. */
export type EndRunner = 'native' | 'js' | 'discard';

export interface PlacementAsked {
  readonly ingress: EndRunner;
  readonly egress: EndRunner;
  /** Native threads asked for; undefined: as the CPUs allow. */
  readonly threads?: number | undefined;
  /** Threads that may be busy all the time on this machine. */
  readonly cpus: number;
}

export interface GraphPlacementAsked extends Pick<PlacementAsked, 'threads' | 'cpus'> {
  /** By boundary id. */
  readonly ends: Readonly<Record<string, EndRunner>>;
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

/** Relative costs: see native/run/placement.cpp. */
const SOURCE_WEIGHT = 3;
const SINK_WEIGHT = 4;
/** Moving a record from lane to lane. */
const LANE_WEIGHT = 0.5;

const stageWeight = ({ op, config }: StageSpec): number => weightOf(op, config !== null);

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

function stageThreads(spec: RingSpec, asked: PlacementAsked, wanted: number): { threads: number; of: number[] } {
  const stages = spec.entries.map(({ stage }) => stageWeight(spec.stages[stage] as StageSpec));
  const weights = [
    ...(asked.ingress === 'native' ? [SOURCE_WEIGHT] : []),
    ...stages,
    ...(asked.egress === 'native' ? [SINK_WEIGHT] : []),
  ];
  const threads = clamp(wanted, 1, weights.length);
  const first = asked.ingress === 'native' ? 1 : 0;
  return { threads, of: partition(weights, threads).slice(first, first + stages.length) };
}

/** One CPU is left to JavaScript where it runs an end. */
const wantedThreads = ({ threads, cpus }: Pick<PlacementAsked, 'threads' | 'cpus'>, usesJs: boolean): number =>
  threads ?? (usesJs && cpus > 1 ? cpus - 1 : cpus);

/** The threads of a ring. */
export function placeRing(spec: RingSpec, asked: PlacementAsked): readonly PlacedThread[] {
  const wanted = wantedThreads(asked, asked.ingress === 'js' || asked.egress === 'js');
  const threads = spec.shards > 1 ? clamp(wanted, 1, spec.shards) : stageThreads(spec, asked, wanted).threads;
  const one = spec.shards > 1 ? [] : stageThreads(spec, asked, wanted).of;
  const agents: PlacedAgent[][] = Array.from({ length: threads }, () => []);
  for (let shard = 0; shard < spec.shards; shard++) {
    const put = (id: string, thread: number): unknown => agents[thread]?.push({ id, shard });
    if (asked.ingress === 'native') put(spec.ingress.id, 0);
    for (const [entry, { stage }] of spec.entries.entries())
      put((spec.stages[stage] as StageSpec).id, spec.shards > 1 ? shard % threads : (one[entry] as number));
    if (asked.egress !== 'js') put(spec.egress.id, threads - 1);
  }
  return agents.map((placed) => ({ agents: placed }));
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

/** The threads of a graph: those of its roles, relays among them, then one for the files of each journal lane. */
export function placeGraph(lowered: GraphSpec, asked: GraphPlacementAsked): readonly PlacedThread[] {
  const spec = withRelays(lowered);
  const isEnd = ({ kind }: RoleSpec): boolean => kind === 'Ingress' || kind === 'Egress';
  const runnerOf = (role: RoleSpec): EndRunner => (isEnd(role) ? (asked.ends[role.id] ?? 'js') : 'native');
  const native = spec.roles.filter((role) => runnerOf(role) !== 'js');
  const wanted = wantedThreads(asked, native.length < spec.roles.length);
  const threads = clamp(wanted, 1, native.length);
  const weights = native.map((role) => roleWeight(role, runnerOf(role), spec));
  const agents: PlacedAgent[][] = Array.from({ length: threads }, () => []);
  for (const [at, thread] of partition(weights, threads).entries())
    agents[thread]?.push({ id: (native[at] as RoleSpec).id, shard: 0 });
  const files = spec.lanes.filter(({ kind }) => kind === 'Journal').map(({ id }) => [{ id, shard: 0 }]);
  return [...agents, ...files].map((placed) => ({ agents: placed }));
}
