/**
 * Whether both sides do the same: the first thing that a comparison asks, because to be fast with other results is not to be
 * faster. Compared are what every egress gives out, what ops report, and what the boundaries count. Main thread.
 */
import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Ends } from '../adapters.js';
import type { LapAnswer, LapRuns } from './lap.js';
import { startLaps } from './lap-process.js';
import { INPUT_ORDER, mayDrop, orderAt } from './order.js';
import { inAnyOrder, inOrder } from './same-lines.js';
import { runsOf, type Side, type SideName, writeRequest } from './sides.js';

/** How an egress was compared; `counts`: its records cannot be written as lines. */
export type Comparison = 'byte for byte' | 'lines in any order' | 'counts';

export type Difference =
  | {
      readonly kind: 'output';
      readonly egress: string;
      readonly line: number | null;
      readonly plan: string | null;
      readonly against: string | null;
    }
  | {
      readonly kind: 'count';
      readonly boundary: string;
      readonly count: string;
      readonly plan: unknown;
      readonly against: unknown;
    }
  | {
      readonly kind: 'report';
      readonly stage: string;
      readonly report: string;
      readonly plan: unknown;
      readonly against: unknown;
    };

export interface Outputs {
  readonly equal: boolean;
  readonly compared: Readonly<Record<string, Comparison>>;
  readonly differences: readonly Difference[];
  /** Why outputs of this plan may differ from run to run; only of such plans. */
  readonly remark?: string;
}

export interface OneRun {
  readonly runs: LapRuns;
  /** How long the whole process took. */
  readonly process_seconds: number;
  /** Egress → file. */
  readonly outputs: Readonly<Record<string, string>>;
}

type Both<Value> = Readonly<Record<SideName, Value>>;

/**
 * Runs a side once, with a file for each egress. An egress that the user discards may give out records that are not lines;
 * then the side runs as given, and of that egress only counts are compared.
 */
export async function runOnce(side: Side, ends: Ends, folder: string, signal: AbortSignal): Promise<OneRun> {
  const name = `once-${side.name === 'plan' ? 'b' : 'a'}`;
  const all = writeRequest(side, ends, folder, name, 'all');
  const { answer, process_seconds } = await timed(() => answerOf(side, all.request, signal));
  const substituted = (id: string): boolean => id in all.outputs && ends.ports[id] === 'discard';
  if (!('failure' in answer && substituted(answer.failure.stage)))
    return { runs: runsOf(side, answer), process_seconds, outputs: all.outputs };
  for (const file of Object.values(all.outputs)) rmSync(file, { force: true });
  const given = writeRequest(side, ends, folder, name, 'as given');
  const again = await timed(() => answerOf(side, given.request, signal));
  return { runs: runsOf(side, again.answer), process_seconds: again.process_seconds, outputs: given.outputs };
}

async function answerOf({ name }: Side, request: string, signal: AbortSignal): Promise<LapAnswer> {
  const process = startLaps<LapAnswer>(name, request, 1, signal);
  try {
    return await process.lap();
  } finally {
    await process.end();
  }
}

async function timed(run: () => Promise<LapAnswer>): Promise<{ answer: LapAnswer; process_seconds: number }> {
  const begin = performance.now();
  const answer = await run();
  return { answer, process_seconds: (performance.now() - begin) / 1000 };
}

export function compareOutputs(sides: Both<Side>, ran: Both<OneRun>): Outputs {
  const { plan } = sides.plan.version;
  const compared: Record<string, Comparison> = {};
  const differences: Difference[] = [...countDifferences(ran)];
  for (const { id, kind } of plan.boundaries) {
    if (kind === 'ingress') continue;
    const [one, other] = [ran.plan.outputs[id], ran.against.outputs[id]];
    const order = sameOrder(sides, id);
    compared[id] =
      one === undefined || other === undefined
        ? 'counts'
        : order === INPUT_ORDER
          ? 'byte for byte'
          : 'lines in any order';
    if (one === undefined || other === undefined) continue;
    const found = order === INPUT_ORDER ? inOrder(one, other) : inAnyOrder(one, other);
    if (found !== undefined) differences.push({ kind: 'output', egress: id, ...found });
  }
  differences.push(...reportDifferences(sides, ran));
  const drops = mayDrop(plan) || mayDrop(sides.against.version.plan);
  const remark = drops ? 'A lane drops records when it is full, so that outputs differ from run to run.' : undefined;
  return { equal: differences.length === 0, compared, differences, ...(remark === undefined ? {} : { remark }) };
}

/** The order that both sides promise at a place. */
function sameOrder(sides: Both<Side>, id: string): string | undefined {
  const [one, other] = [orderAt(sides.plan.version.plan, id), orderAt(sides.against.version.plan, id)];
  return one === other ? one : undefined;
}

/** What was filtered in between follows from these; a plan may filter the same records in another stage. */
const COUNTS = ['published', 'dropped', 'too_large', 'keyless', 'out', 'abandoned'] as const;

function countDifferences(ran: Both<OneRun>): Difference[] {
  return Object.entries(ran.plan.runs.boundaries).flatMap(([boundary, counts]) =>
    COUNTS.flatMap((count): Difference[] => {
      const [plan, against] = [counts[count], ran.against.runs.boundaries[boundary]?.[count]];
      return plan === against ? [] : [{ kind: 'count', boundary, count, plan, against }];
    }),
  );
}

/** Of stages that both plans have, and that tell something on both sides. */
function reportDifferences(sides: Both<Side>, ran: Both<OneRun>): Difference[] {
  return Object.entries(ran.plan.runs.reports).flatMap(([stage, report]) => {
    const other = ran.against.runs.reports[stage];
    if (!isObject(report) || !isObject(other)) return [];
    const order = sameOrder(sides, stage);
    return Object.keys({ ...report, ...other }).flatMap((name): Difference[] => {
      const [plan, against] = [report[name], other[name]];
      if (order === undefined && followsOrder(name, report, other)) return [];
      return isDeepStrictEqual(plan, against) ? [] : [{ kind: 'report', stage, report: name, plan, against }];
    });
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Reports that depend on the order in which records came: a checksum, and keys of which some found no place. */
function followsOrder(name: string, ...reports: readonly Readonly<Record<string, unknown>>[]): boolean {
  const full = reports.some(({ other }) => typeof other === 'number' && other > 0);
  return name === 'crc32c' || (full && (name === 'keys' || name === 'other'));
}
