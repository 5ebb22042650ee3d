/** What a comparison has come to, as facts: what `bench --json` prints, and which exit code says it. Pure; any thread. */
import type { LoadedLatencies } from '../../bench/latency.js';
import { type LapPair, OFF_CPU_MAX, type Side as PairSide, undisturbed, undisturbedLaps } from '../../bench/pairs.js';
import { type Judgement, LOOKS, medianOfSorted, type Verdict } from '../../bench/verdict.js';
import { ExitCode } from '../exit-code.js';
import { grouped } from '../text.js';
import type { NoLatencies } from './latencies.js';
import { distanceWords, type Measured, type MeasuredLap, type TooLong } from './measure.js';
import type { Difference, Outputs } from './outputs.js';
import type { Side, SideName } from './sides.js';

export type VerdictWord = Exclude<Verdict, 'none'> | 'no verdict';

interface JudgedFacts {
  readonly verdict: VerdictWord;
  /** PLAN's by the other side's; null of no pairs. */
  readonly ratio: number | null;
  /** Bounds of the ratio; null where there are too few pairs for one. */
  readonly interval: readonly [low: number | null, high: number | null];
}

export interface SideFacts {
  readonly path: string;
  readonly id: string;
  readonly options: Side['options'];
  readonly records: number;
  /** A run of the input. Medians of the undisturbed laps; null where there is none. */
  readonly seconds: number | null;
  readonly records_per_second: number | null;
  readonly rss_bytes: number | null;
}

export interface LatencyFacts {
  /** Records a second that both sides got. */
  readonly per_second: number;
  /** Pairs that count. */
  readonly pairs: number;
  readonly quantiles: readonly {
    readonly quantile: string;
    readonly plan_ns: number;
    readonly against_ns: number;
    readonly ratio: number | null;
    readonly interval: JudgedFacts['interval'];
  }[];
}

export interface LapFacts {
  readonly first: SideName;
  /** Why it is not used. */
  readonly disturbed: string | null;
  readonly plan: MeasuredLap;
  readonly against: MeasuredLap;
}

/** Two processes, one of each side. */
export interface PairFacts {
  readonly first: SideName;
  /** Why it is not judged. */
  readonly disturbed: string | null;
  /** PLAN's time by the other side's, over the laps that are used. */
  readonly ratio: number;
  readonly laps: readonly LapFacts[];
}

export interface ProgramFacts extends JudgedFacts {
  readonly name: string;
  readonly floor: number;
  readonly pairs: number;
  readonly pairs_disturbed: number;
  /** Pairs that would tell; null where that is not known. */
  readonly pairs_needed: number | null;
  /** What laps of one side differ by. */
  readonly same_side: number;
  readonly runs_per_lap: number;
  /** Share of a lap that the opening of pipelines takes: median. */
  readonly opening_share: number;
  readonly distance: string | null;
  readonly memory: JudgedFacts;
  /** Null where they were not asked for, or cannot be had (`remarks` says why). */
  readonly latency: LatencyFacts | null;
  readonly sides: Readonly<Record<SideName, SideFacts>>;
  readonly remarks: readonly string[];
  /** Laps of either side in a pair. */
  readonly laps_per_pair: number;
  /** All pairs, in the order in which they ran. */
  readonly samples: readonly PairFacts[];
}

export interface BenchFacts extends JudgedFacts {
  /** Neither slower nor without a verdict. */
  readonly ok: boolean;
  readonly floor: number;
  readonly pairs: number;
  readonly outputs_equal: boolean;
  /** Why there is no verdict; only where there is none. */
  readonly reason?: string;
  readonly outputs: { readonly compared: Outputs['compared']; readonly differences: readonly Difference[] };
  readonly programs: readonly ProgramFacts[];
}

export interface Compared {
  readonly name: string;
  readonly sides: Readonly<Record<SideName, Side>>;
  readonly outputs: Outputs;
  /** Records that go in, in one run. */
  readonly records: Readonly<Record<SideName, number>>;
  readonly floor: number;
  /** Seconds that the user gives. */
  readonly seconds: number;
  /** Absent where the outputs differ. */
  readonly measured?: Measured | TooLong;
  /** Absent where it was not asked for. */
  readonly latency?: LoadedLatencies | NoLatencies;
}

const NO_RATIO = { ratio: null, interval: [null, null] } as const;

export function benchFacts(compared: Compared): BenchFacts {
  const { outputs, measured, floor } = compared;
  const common = {
    outputs_equal: outputs.equal,
    outputs: { compared: outputs.compared, differences: outputs.differences },
  };
  if (measured !== undefined && 'paired' in measured) {
    const program = programFacts(compared, measured);
    const { verdict, ratio, interval, pairs } = program;
    const reason = verdict === 'no verdict' ? { reason: whyNone(program, compared.seconds) } : {};
    const ok = verdict === 'same' || verdict === 'faster';
    return { ok, verdict, ratio, interval, floor: program.floor, pairs, ...reason, ...common, programs: [program] };
  }
  const reason = measured === undefined ? 'The outputs differ.' : tooLongWords(measured, compared.seconds);
  return { ok: false, verdict: 'no verdict', ...NO_RATIO, floor, pairs: 0, reason, ...common, programs: [] };
}

export const exitCodeOf = ({ verdict }: Pick<BenchFacts, 'verdict'>): ExitCode => {
  if (verdict === 'slower') return ExitCode.Slower;
  return verdict === 'no verdict' ? ExitCode.NoVerdict : ExitCode.Done;
};

const tooLongWords = ({ needed }: TooLong, seconds: number): string => {
  const least = Math.ceil(needed * 1.2);
  return `${LOOKS[0]} pairs of laps take about ${Math.ceil(needed)} s, and --seconds is ${seconds}. Give --seconds ${least} or more, or a shorter input.`;
};

function whyNone({ pairs, pairs_needed, samples, pairs_disturbed, same_side }: ProgramFacts, seconds: number): string {
  const kept = samples.length - pairs_disturbed;
  const least = LOOKS[0] as number;
  if (kept < least)
    return (
      `Only ${kept} of ${samples.length} pairs were undisturbed within ${seconds} s, and a verdict wants ${least} or more. ` +
      `Let the machine do nothing else (a lap counts while no thread is without a CPU for more than ${100 * OFF_CPU_MAX} % of its time), or give more --seconds.`
    );
  if (pairs_needed === null)
    return `Laps of one side that follow each other differ by ${(100 * same_side).toFixed(1)} %: the machine is not steady enough to tell.`;
  const most = LOOKS.at(-1) as number;
  const spread = `At the spread that ${pairs} pairs had, about ${grouped(pairs_needed)} would tell.`;
  if (pairs_needed > most)
    return `${spread} No more than ${most} are made: a quieter machine or a longer input spreads less.`;
  return `${spread} Give more --seconds; it is ${seconds}.`;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

const judged = ({ verdict, change, interval }: Judgement): JudgedFacts => ({
  verdict: verdict === 'none' ? 'no verdict' : verdict,
  ratio: finite(1 + change),
  // Below -1 nothing can be: that is an interval without a bound.
  interval: [interval[0] <= -1 ? null : finite(1 + interval[0]), finite(1 + interval[1])],
});

function programFacts(compared: Compared, measured: Measured): ProgramFacts {
  const { paired, memory, runs_per_lap, remarks } = measured;
  const { samples } = paired;
  const kept = undisturbedLaps(samples);
  const side = (name: SideName): SideFacts => {
    const { path, version, options } = compared.sides[name];
    const laps = kept.map((pair) => pair[name === 'plan' ? 'b' : 'a']);
    const seconds = median(laps.map((lap) => lap.seconds / lap.runs.length));
    const records = compared.records[name];
    const records_per_second = seconds === null ? null : records / seconds;
    const rss_bytes = median(laps.map((lap) => lap.rss_bytes));
    return { path, id: version.id, options, records, seconds, records_per_second, rss_bytes };
  };
  const openings = samples.flatMap(({ laps }) =>
    laps.flatMap(({ a, b }) => [a, b].map((lap) => lap.opening_seconds / lap.seconds)),
  );
  return {
    name: compared.name,
    ...judged(paired),
    floor: paired.floor,
    pairs: paired.pairs,
    pairs_disturbed: samples.length - undisturbed(samples).length,
    pairs_needed: paired.pairsNeeded ?? null,
    same_side: paired.same_side,
    runs_per_lap,
    opening_share: median(openings) ?? 0,
    distance: distanceWords(paired) ?? null,
    memory: judged(memory),
    latency: latencyFacts(compared.latency),
    sides: { plan: side('plan'), against: side('against') },
    remarks: [
      ...remarks,
      ...(compared.latency !== undefined && 'remark' in compared.latency ? [compared.latency.remark] : []),
    ],
    laps_per_pair: samples[0]?.laps.length ?? 0,
    samples: samples.map(({ first, disturbed, log_ratio, laps }) => ({
      first: sideOfPair(first),
      disturbed,
      ratio: Math.exp(log_ratio),
      laps: laps.map(lapFacts),
    })),
  };
}

function latencyFacts(measured: Compared['latency']): LatencyFacts | null {
  if (measured === undefined || 'remark' in measured) return null;
  const { per_second, latencies } = measured;
  const quantiles = latencies.rows.map(({ quantile, a_ns, b_ns, change, interval }) => {
    const { ratio, interval: bounds } = judged({ verdict: 'none', change, interval, pairs: latencies.pairs, p: 1 });
    return { quantile, plan_ns: b_ns, against_ns: a_ns, ratio, interval: bounds };
  });
  return { per_second, pairs: latencies.pairs, quantiles };
}

const sideOfPair = (side: PairSide): SideName => (side === 'a' ? 'against' : 'plan');

const lapFacts = ({ first, disturbed, a, b }: LapPair<MeasuredLap>): LapFacts => ({
  first: sideOfPair(first),
  disturbed,
  plan: b,
  against: a,
});

export const median = (values: readonly number[]): number | null =>
  values.length === 0 ? null : medianOfSorted(Float64Array.from(values).sort());
