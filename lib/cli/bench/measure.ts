/**
 * Time and memory of two sides, from pairs of processes (lib/bench/pairs.ts). A lap runs the input as often in a row as it takes
 * for the clock to see it, the same number of times on both sides. Main thread.
 */
import {
  type Contestant,
  distanceOf,
  type Lap,
  lapOf,
  lapsPerPair,
  type Pair,
  type Paired,
  type Side as PairSide,
  runPairs,
  undisturbed,
  undisturbedLaps,
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

/** What runs laps of a side: in it, `lap` rejects where the pipeline fails. */
export interface LapRunner {
  lap(): Promise<LapRuns>;
  end(): Promise<void>;
}

export interface MeasureOptions {
  /** Starts a process whose laps have so many runs. */
  readonly start: (side: SideName, runs: number) => LapRunner;
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
  const { seconds, floor, once, progress, now = () => performance.now() / 1000 } = options;
  const looked = LOOKS[0] as number;
  if (looked * once.run_seconds > seconds) return { needed: looked * once.process_seconds };
  const begin = now();
  const warming = warmRuns(once.run_seconds);
  const warm = { against: await oneLap(options, 'against', warming), plan: await oneLap(options, 'plan', warming) };
  const least = Math.min(...Object.values(warm).map((runs) => runs.seconds.at(-1) as number));
  const runs = Math.min(RUNS_MAX, Math.max(1, Math.ceil(LAP_SECONDS_MIN / least)));
  // Start of Node and all, and the runs that a lap has.
  const known = Object.values(warm).map(({ seconds: each }) => sum(each));
  const starts = now() - begin - sum(known);
  const lapSeconds = (runs * sum(known)) / warming;
  const laps = lapsPerPair(lapSeconds);
  const needed = looked * (starts + (laps === 1 ? 1 : laps + 1) * lapSeconds);
  if (needed > seconds) return { needed };
  const placement = placementOf(warm, options.cpus);
  const start = async (side: PairSide): Promise<Contestant<MeasuredLap>> => {
    const process = options.start(NAMES[side], runs);
    return { lap: () => measuredLap(process, placement, options), end: () => process.end() };
  };
  const paired = await runPairs<MeasuredLap>(start, {
    seconds: Math.max(0, seconds - (now() - begin)),
    laps,
    floor,
    now,
    ...(progress === undefined ? {} : { progress }),
  });
  const { remarks } = placement;
  return { paired, memory: memoryOf(paired, floor), runs_per_lap: runs, remarks };
}

async function oneLap({ start }: MeasureOptions, side: SideName, runs: number): Promise<LapRuns> {
  const process = start(side, runs);
  try {
    return await process.lap();
  } finally {
    await process.end();
  }
}

async function measuredLap(process: LapRunner, placement: Placement, options: MeasureOptions): Promise<MeasuredLap> {
  const before = distanceBetween(placement.cpus, options);
  const ran = await process.lap();
  // Another pipeline may have taken a CPU meanwhile.
  const after = distanceBetween(placement.cpus.length === 0 ? [] : cpusOf(ran.threads), options);
  const threads = placement.shared ? [] : ran.threads;
  const distance_ns = before === null || after === null ? null : ([before, after] as const);
  const lap = lapOf({ seconds: sum(ran.seconds), distance_ns, status: { threads } });
  const { seconds: runs, opening_seconds, rss_bytes } = ran;
  return { ...lap, runs, opening_seconds, rss_bytes };
}

/** The same pairs as the time's verdict. */
function memoryOf({ samples, pairs }: Paired<MeasuredLap>, floor: number): Judgement {
  // All laps of a process say the same.
  const kept = undisturbed(samples).flatMap(({ laps }) => laps[0] ?? []);
  return judge(
    kept.slice(0, pairs).map(({ a, b }) => Math.log(b.rss_bytes / a.rss_bytes)),
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
  const shared = Object.values(warm).some(
    ({ threads }) => threads.length > roomOf(threads, allowed) || sharesWithMain(threads.length, allowed),
  );
  const moved = String(plan.toSorted()) !== String(against.toSorted());
  return {
    cpus: moved ? [] : plan,
    shared,
    remarks: [
      ...(shared
        ? ['threads share CPUs, with the main thread too: that they wait for one does not disturb a lap']
        : []),
      ...(moved ? ['the sides run on different CPUs: the distance of these is not compared'] : []),
    ],
  };
}

const cpusOf = (threads: readonly LapThread[]): number[] => [...new Set(threads.flatMap(({ cpu }) => cpu ?? []))];

/** The main thread opens the pipeline and ends it, while its threads run. */
const sharesWithMain = (threads: number, cpus: number): boolean => threads >= cpus;

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

/** Of the laps that count: how far apart the CPUs were, in the words of the tables; undefined where it was not measured. */
export function distanceWords({ samples }: Paired<MeasuredLap>): string | undefined {
  const ns = undisturbedLaps(samples).flatMap(({ a, b }) => [a, b].flatMap((lap) => lap.distance_ns ?? []));
  const middle = ns.sort((a, b) => a - b)[ns.length >> 1];
  return middle === undefined ? undefined : `${distanceOf(middle)} (${Math.round(middle)} ns round trip)`;
}
