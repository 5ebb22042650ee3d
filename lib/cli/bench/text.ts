/** A comparison for people: the verdict in words, and a table of both sides. Pure; any thread. */
import { ALPHA_OF_A_LOOK, LOOKS } from '../../bench/verdict.js';
import { dataWords, sizeWords } from '../sizes.js';
import type { Colors } from '../terminal.js';
import { counted, grouped, harmless, indent, table } from '../text.js';
import type { Difference } from './outputs.js';
import type { BenchFacts, ProgramFacts, VerdictWord } from './result.js';

const MARK: Readonly<Record<VerdictWord, (colors: Colors) => string>> = {
  slower: (colors) => colors.red('slower'),
  faster: (colors) => colors.green('faster'),
  same: (colors) => colors.green('same'),
  'no verdict': (colors) => colors.yellow('no verdict'),
};

/** Without a final line end. */
export function benchText(facts: BenchFacts, remark: string | undefined, colors: Colors): string {
  const [program] = facts.programs;
  const lines = [
    ...outputLines(facts, remark),
    ...(program === undefined ? [] : programLines(program)),
    `${colors.bold(MARK[facts.verdict](colors))}${verdictWords(facts)}`,
    ...(facts.reason === undefined ? [] : indent([facts.reason])),
  ];
  return lines.join('\n');
}

function verdictWords({ verdict, ratio, interval, floor }: Omit<BenchFacts, 'reason'>): string {
  if (ratio === null) return '';
  const middle = `the plan takes ${ratio.toFixed(3)} × the time of the other side`;
  if (interval.some((bound) => bound === null)) return `  ${middle}, of too few pairs for an interval`;
  const bounds = interval.map((bound) => bound?.toFixed(3)).join(' to ');
  const level = (100 * (1 - ALPHA_OF_A_LOOK)).toFixed(2);
  const meaning = verdict === 'same' ? `: all of the interval within the floor of ${percent(floor)}` : '';
  return `  ${middle} (${bounds}, at ${level} %)${meaning}`;
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

function outputLines({ outputs, outputs_equal }: BenchFacts, remark: string | undefined): string[] {
  const how = Object.entries(outputs.compared).map(([id, comparison]) => `${id} ${comparison}`);
  if (outputs_equal) return [harmless(`outputs   equal (${how.join(', ')})`)];
  return [
    harmless(`outputs   differ (compared: ${how.join(', ')})`),
    ...outputs.differences.flatMap((difference) => indent(differenceLines(difference), 4)),
    ...(remark === undefined ? [] : indent([remark], 4)),
  ];
}

/** Lines and values are quoted already; what is in them is made harmless. */
export function differenceLines(difference: Difference): string[] {
  const { plan, against } = difference;
  const both = (one: string, other: string) => [`  plan     ${harmless(one)}`, `  against  ${harmless(other)}`];
  if (difference.kind !== 'output') {
    const place = difference.kind === 'count' ? difference.boundary : difference.stage;
    const what = difference.kind === 'count' ? difference.count : difference.report;
    return [harmless(`"${place}" ${what}:`), ...both(valueWords(plan), valueWords(against))];
  }
  const { egress, line } = difference;
  if (line !== null)
    return [
      harmless(`"${egress}" line ${grouped(line)}:`),
      ...both(lineWords(plan, 'no such line'), lineWords(against, 'no such line')),
    ];
  return [
    harmless(`"${egress}" has other lines; one that each has more often:`),
    ...both(lineWords(plan, '(none found)'), lineWords(against, '(none found)')),
  ];
}

const lineWords = (line: unknown, without: string): string => (typeof line === 'string' ? line : without);

const VALUE_CHARACTERS_MAX = 160;

function valueWords(value: unknown): string {
  const text = typeof value === 'number' ? grouped(value) : (JSON.stringify(value) ?? 'none');
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX)}…`;
}

const FIRST_LOOK = LOOKS[0] as number;

function programLines(program: ProgramFacts): string[] {
  const { plan, against } = program.sides;
  const both = (fact: 'seconds' | 'records_per_second' | 'rss_bytes', words: (value: number) => string): string[] =>
    [plan, against].map((side) => (side[fact] === null ? '–' : words(side[fact])));
  const rows: string[][] = [
    ['', 'plan', 'against', 'ratio', ''],
    ['', harmless(plan.path), harmless(against.path), '', ''],
    ['time', ...both('seconds', timeWords), ...ratioCells(program)],
    ['records/s', ...both('records_per_second', rateWords), '', ''],
    ['peak memory', ...both('rss_bytes', sizeWords), ...ratioCells(program.memory)],
  ];
  const latencies = latencyRows(program);
  const { samples, pairs, pairs_disturbed, laps_per_pair, runs_per_lap } = program;
  const runs = `${laps_per_pair <= 1 ? '' : `; ${laps_per_pair} laps of either side in each`}${
    runs_per_lap === 1 ? '' : `, ${counted(runs_per_lap, 'run')} a lap`
  }`;
  const left = samples.length - pairs_disturbed - pairs;
  const unused = left > 0 ? `, ${left} more than the last look took` : '';
  return [
    ...table([...rows, ...latencies], [1, 2, 3, 4]),
    `pairs     ${pairs} ${pairs < FIRST_LOOK ? 'undisturbed, too few to judge' : 'judged'}${unused}, ${pairs_disturbed} disturbed${runs}`,
    ...indent(disturbances(program), 10),
    `floor     ${percent(program.floor)}; laps of one side that follow each other differ by ${percent(program.same_side)}`,
    ...(program.distance === null ? [] : [`CPUs      ${program.distance}`]),
    ...remarksOf(program).map((remark) => `note      ${remark}`),
  ];
}

function latencyRows({ latency }: ProgramFacts): string[][] {
  if (latency === null) return [];
  const { per_second, pairs, quantiles } = latency;
  const title = [`latency at ${rateWords(per_second)} records/s`, '', '', '', counted(pairs, 'pair')];
  const rows = quantiles.map(({ quantile, plan_ns, against_ns, ratio, interval }) => [
    `  ${quantile}`,
    microseconds(plan_ns),
    microseconds(against_ns),
    ...ratioCells({ ratio, interval }),
  ]);
  return [title, ...rows];
}

const microseconds = (ns: number): string => `${(ns / 1000).toPrecision(3)} µs`;

const ratioCells = ({ ratio, interval }: Pick<ProgramFacts, 'ratio' | 'interval'>): string[] => [
  ratio?.toFixed(3) ?? '',
  interval.every((bound) => bound !== null) ? `${interval.map((bound) => bound?.toFixed(3)).join('–')}` : '',
];

const timeWords = (seconds: number): string =>
  seconds < 1 ? `${(1000 * seconds).toPrecision(4)} ms` : `${seconds.toPrecision(4)} s`;

/** In thousands, as `dataWords` has them: `1.23 M`. */
const rateWords = (value: number): string => dataWords(value).replace(/ ?B$/, '');

/** `3 × a thread had no CPU for 4.0 % of a lap`: alike but for their numbers, the first stands for all. */
function disturbances({ samples }: ProgramFacts): string[] {
  const groups = new Map<string, { count: number; words: string }>();
  for (const { disturbed } of samples) {
    if (disturbed === null) continue;
    const kind = disturbed.replaceAll(/[\d.]+/g, '#');
    const group = groups.get(kind) ?? { count: 0, words: disturbed };
    group.count++;
    groups.set(kind, group);
  }
  return [...groups.values()].map(({ count, words }) => `${count} × ${words}${count > 1 ? ', and the like' : ''}`);
}

/** A pipeline that is opened takes time that has nothing to do with its records. */
const OPENING_SHARE_MAX = 0.2;

function remarksOf({ opening_share, remarks }: ProgramFacts): readonly string[] {
  if (opening_share <= OPENING_SHARE_MAX) return remarks;
  const share = percent(opening_share);
  return [...remarks, `to open the pipeline takes up to ${share} of a lap: a longer input says more about records`];
}
