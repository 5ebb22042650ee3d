/**
 * One lap of `byteor bench`, a process of its own: opens the pipeline as `run` does, as many times in a row as it is told, and
 * prints what each run took as a line of JSON (`LapAnswer`).
 *
 *   node lap.js REQUEST RUNS        REQUEST: a file with a LapRequest
 *
 * It knows the library by its public names only, so that a side may be another installed byteor. Main thread.
 */
import { readFileSync, rmSync } from 'node:fs';
import type { OpenOptions, Pipeline, PipelinePlanV2 } from '../../index.js';
import type { Failure } from '../../runtime/failure.js';

export interface LapRequest {
  /** URL of the library's entry point. */
  readonly library: string;
  readonly plan: PipelinePlanV2;
  readonly options: OpenOptions;
  /** Files and folders that a run makes: removed before the next one, outside the clock. */
  readonly made: readonly string[];
}

export interface LapThread {
  readonly cpu: number | null;
  /** Over all runs, where the kernel says it. */
  readonly waited_seconds: number | null;
}

export interface LapRuns {
  /** Of each run, from the opening of the pipeline until all its threads were joined. */
  readonly seconds: readonly number[];
  /** How long the openings themselves took. */
  readonly opening_seconds: number;
  readonly threads: readonly LapThread[];
  /** Most memory that the process had up to the end of the first run, Node's own included. */
  readonly rss_bytes: number;
  /** Of the last run. */
  readonly boundaries: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly reports: Readonly<Record<string, unknown>>;
}

export type LapAnswer =
  | { readonly runs: LapRuns }
  /** The pipeline could not be opened: a code of the runtime. */
  | { readonly refused: { readonly code: string; readonly message: string } }
  | { readonly failure: Failure };

type Library = Pick<typeof import('../../index.js'), 'compile' | 'open'>;
type Status = { readonly threads: readonly { readonly cpu: number | null; readonly waited_seconds?: number | null }[] };

const KIB = 1024;

async function answerOf(request: LapRequest, count: number): Promise<LapAnswer> {
  const { compile, open } = (await import(request.library)) as Library;
  let version: ReturnType<typeof compile>;
  try {
    version = compile(request.plan);
  } catch (error) {
    // It was checked before, by the byteor that compares: this one is another.
    return { refused: { code: 'PLAN', message: `its byteor refuses the plan: ${(error as Error).message}` } };
  }
  const seconds: number[] = [];
  let opening = 0;
  let threads: LapThread[] = [];
  // Of pipelines that have ended, Node's collector decides when their memory goes.
  let rss_bytes = 0;
  for (let run = 0; ; run++) {
    for (const path of request.made) rmSync(path, { recursive: true, force: true });
    const begin = performance.now();
    let pipeline: Pipeline;
    try {
      pipeline = open(version, request.options) as Pipeline;
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      if (typeof code !== 'string') throw error;
      return { refused: { code, message } };
    }
    opening += performance.now() - begin;
    const { failure, boundaries } = await pipeline.finished();
    seconds.push((performance.now() - begin) / 1000);
    if (failure !== null) return { failure };
    threads = added(threads, pipeline.status() as unknown as Status);
    if (run === 0) rss_bytes = process.resourceUsage().maxRSS * KIB;
    if (run + 1 < count) continue;
    const reports = pipeline.reports();
    const counts = boundaries as unknown as LapRuns['boundaries'];
    return { runs: { seconds, opening_seconds: opening / 1000, threads, rss_bytes, boundaries: counts, reports } };
  }
}

const added = (before: readonly LapThread[], { threads }: Status): LapThread[] =>
  threads.map(({ cpu, waited_seconds = null }, index) => ({
    cpu,
    waited_seconds: waited_seconds === null ? null : waited_seconds + (before[index]?.waited_seconds ?? 0),
  }));

const [, , file = '', count = '1'] = process.argv;
const request = JSON.parse(readFileSync(file, 'utf8')) as LapRequest;
process.stdout.write(`${JSON.stringify(await answerOf(request, Number(count)))}\n`);
