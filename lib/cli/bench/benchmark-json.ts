/**
 * The form that dashboards of many commits read: `customSmallerIsBetter` of github-action-benchmark. The ratio is of two sides
 * on one machine in one run, so it means the same on every machine; the times do not. Pure; any thread.
 */
import { undisturbed } from '../../bench/pairs.js';
import { median, type ProgramFacts } from './result.js';

export interface BenchmarkEntry {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range?: string;
  readonly extra: string;
}

export function benchmarkEntries(program: ProgramFacts): BenchmarkEntry[] {
  const { name, verdict, ratio, interval, memory, sides, pairs, samples } = program;
  const extra = `${verdict}, ${pairs} pairs, ${sides.plan.path} against ${sides.against.path}`;
  const kept = undisturbed(undisturbed(samples).flatMap(({ laps }) => laps)).map(({ plan }) => plan);
  const times = kept.map((lap) => (1000 * lap.seconds) / lap.runs.length);
  const middle = median(times);
  if (middle === null) return [];
  const spread = median(times.map((time) => Math.abs(time - middle))) as number;
  return [
    ...(ratio === null ? [] : [ratioEntry(`${name}: time, ratio`, ratio, interval, extra)]),
    ...(memory.ratio === null
      ? []
      : [ratioEntry(`${name}: peak memory, ratio`, memory.ratio, memory.interval, memory.verdict)]),
    { name: `${name}: time`, unit: 'ms', value: middle, range: `± ${spread.toPrecision(3)}`, extra },
    { name: `${name}: peak memory`, unit: 'bytes', value: sides.plan.rss_bytes as number, extra },
  ];
}

function ratioEntry(name: string, value: number, [low, high]: ProgramFacts['interval'], extra: string): BenchmarkEntry {
  const range = low === null || high === null ? {} : { range: `± ${((high - low) / 2).toFixed(4)}` };
  return { name, unit: 'ratio', value, ...range, extra };
}
