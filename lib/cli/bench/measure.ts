/**
 * Time and memory of two sides, from pairs of laps (lib/bench/pairs.ts). A lap runs the input as often in a row as it takes for
 * the clock to see it, the same number of times on both sides. Main thread.
 */
import {
  distanceOf,
  type Lap,
  lapOf,
  type Pair,
  type Paired,
  type Side as PairSide,
  runPairs,
} from '../../bench/pairs.js';
import { type Judgement, judge, LOOKS } from '../../bench/verdict.js';
import type { LapRuns, LapThread } from './lap.js';
import type { SideName } from './sides.js';

/** Of a lap, as far as it is summed up from its runs. */
export interface MeasuredLap extends Lap {
  /** Seconds of each run of the input. */
  readonly runs: readonly number[];
  /** In which the pipelines were opened, of all runs. */
  readonly opening_seconds: number;
  readonly rss_bytes: number;
}

export interface Measured {
  readonly paired: Paired<MeasuredLap>;
  readonly memory: Judgement;
  /** How often a lap runs the input. */
  readonly runs_per_lap: number;
  /** What is not judged by, and why: for the reader of the result. */
  readonly remarks: readonly string[];
}

/** The laps that fit would not even be the first look's. */
export interface TooLong {
  /** Seconds that it would take. */
  readonly needed: number;
}

/** Runs a lap of so many runs; rejects where the pipeline fails. */
export type LapRunner = (side: SideName, runs: number) => Promise<LapRuns>;

export interface MeasureOptions {
  readonly lap: LapRunner;
  /** Round trip between two CPUs, ns. */
  readonly distance: (cpu: number, other: number) => number | null;
  /** CPUs that this process may use. */
  readonly cpus: number;
  readonly seconds: number;
  /** Of both sides together, the runs whose outputs were compared, and the processes that ran them. */
  readonly once: { readonly run_seconds: number; readonly process_seconds: number };
  readonly floor: number;
  readonly progress?: (pairs: readonly Pair<MeasuredLap>[]) => void;
  readonly now?: () => number;
}

/** A lap that is shorter shows the end of a process's start more than the pipeline. */
const LAP_SECONDS_MIN = 0.025;
const RUNS_MAX = 1000;
/** The first run of a process is its slowest, so the last of several says how long a short one takes. */
const warmRuns = (onceSeconds: number): number => (onceSeconds < 1 ? 3 : 1);

const NAMES: Readonly<Record<PairSide, SideName>> = { a: 'against', b: 'plan' };

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export async function measure(options: MeasureOptions): Promise<Measured | TooLong> {
  const { lap, seconds, floor, once, progress, now = () => performance.now() / 1000 } = options;
  const looked = LOOKS[0] as number;
  if (looked * once.run_seconds > seconds) return { needed: looked * once.process_seconds };
  const begin = now();
  const warming = warmRuns(once.run_seconds);
  const warm = { against: await lap('against', warming), plan: await lap('plan', warming) };
  const least = Math.min(...Object.values(warm).map((runs) => runs.seconds.at(-1) as number));
  const runs = Math.min(RUNS_MAX, Math.max(1, Math.ceil(LAP_SECONDS_MIN / least)));
  // Start of Node and all, and the runs that a lap has.
  const known = Object.values(warm).map(({ seconds: each }) => sum(each));
  const starts = now() - begin - sum(known);
  const pairSeconds = starts + (runs * sum(known)) / warming;
  const needed = looked * pairSeconds;
  if (needed > seconds) return { needed };
  const placement = placementOf(warm, options.cpus);
  const paired = await runPairs<MeasuredLap>(
    async (side) => {
      const before = distanceBetween(placement.cpus, options);
      const ran = await lap(NAMES[side], runs);
      // Another pipeline may have taken a CPU meanwhile.
      const after = distanceBetween(placement.cpus.length === 0 ? [] : cpusOf(ran.threads), options);
      return measuredLap(ran, placement, before === null || after === null ? null : [before, after]);
    },
    { seconds: Math.max(0, seconds - (now() - begin)), floor, now, ...(progress === undefined ? {} : { progress }) },
  );
  const { remarks } = placement;
  return { paired, memory: memoryOf(paired, floor), runs_per_lap: runs, remarks };
}

function measuredLap(ran: LapRuns, { shared }: Placement, distance_ns: Lap['distance_ns']): MeasuredLap {
  const threads = shared ? [] : ran.threads;
  const lap = lapOf({ seconds: sum(ran.seconds), distance_ns, status: { threads } });
  const { seconds: runs, opening_seconds, rss_bytes } = ran;
  return { ...lap, runs, opening_seconds, rss_bytes };
}

/** The same pairs as the time's verdict. */
function memoryOf({ laps, pairs }: Paired<MeasuredLap>, floor: number): Judgement {
  const kept = laps.filter(({ disturbed }) => disturbed === null).slice(0, pairs);
  return judge(
    kept.map(({ a, b }) => Math.log(b.rss_bytes / a.rss_bytes)),
    floor,
  );
}

interface Placement {
  /** CPUs between which records go, one behind the other; empty where no distance is to be compared. */
  readonly cpus: readonly number[];
  /** Threads wait for each other's CPU, whatever else the machine does. */
  readonly shared: boolean;
  readonly remarks: readonly string[];
}

function placementOf(warm: Readonly<Record<SideName, LapRuns>>, allowed: number): Placement {
  const [plan, against] = [cpusOf(warm.plan.threads), cpusOf(warm.against.threads)];
  const shared = Object.values(warm).some(({ threads }) => threads.length > roomOf(threads, allowed));
  const moved = String(plan.toSorted()) !== String(against.toSorted());
  return {
    cpus: moved ? [] : plan,
    shared,
    remarks: [
      ...(shared ? ['threads share CPUs: that they wait for one does not disturb a lap'] : []),
      ...(moved ? ['the sides run on different CPUs: the distance of these is not compared'] : []),
    ],
  };
}

const cpusOf = (threads: readonly LapThread[]): number[] => [...new Set(threads.flatMap(({ cpu }) => cpu ?? []))];

/** Pinned threads have their CPUs, others all that there are. */
const roomOf = (threads: readonly LapThread[], allowed: number): number =>
  threads.every(({ cpu }) => cpu !== null) ? cpusOf(threads).length : allowed;

/** Each takes a millisecond. */
const DISTANCES_MAX = 8;

/** The furthest step between neighbours; null where there is none, or the machine cannot tell. */
function distanceBetween(cpus: readonly number[], { distance }: MeasureOptions): number | null {
  const steps = cpus.slice(1, DISTANCES_MAX + 1).map((cpu, index) => distance(cpus[index] as number, cpu));
  const known = steps.filter((ns) => ns !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Of the kept pairs: how far apart the CPUs were, in the words of the tables; undefined where it was not measured. */
export function distanceWords({ laps }: Paired<MeasuredLap>): string | undefined {
  const ns = laps
    .filter(({ disturbed }) => disturbed === null)
    .flatMap(({ a, b }) => [a, b].flatMap((lap) => lap.distance_ns ?? []));
  const middle = ns.sort((a, b) => a - b)[ns.length >> 1];
  return middle === undefined ? undefined : `${distanceOf(middle)} (${Math.round(middle)} ns round trip)`;
}
