/**
 * The laps of one side of `byteor bench`, in a process of its own. For every line on standard input it opens the pipeline as
 * `run` does, as many times in a row as it was told, and prints what each run took as a line of JSON (`LapAnswer`); it ends with
 * its input.
 *
 *   node lap.mjs REQUEST RUNS        REQUEST: a file with a LapRequest
 *
 * It knows the library by its public names only, so that a side may be another installed byteor. Main thread.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { OpenOptions, Pipeline, PipelinePlanV2 } from '../../index.js';
import type { Failure } from '../../region/failure.js';
import { LoadedLaps, type LoadedRun, type LoadRequest, Unmatched } from './load.js';

export interface LapRequest {
  /** URL of the library's entry point. */
  readonly library: string;
  readonly plan: PipelinePlanV2;
  readonly options: OpenOptions;
  /** Files and folders that a run makes: removed before the next one, outside the clock. */
  readonly made: readonly string[];
  /** Laps are under load, and not over the input: `options` name no ports then. */
  readonly load?: LoadRequest;
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
  /** Most memory that the process had up to the end of its first run, Node's own included. */
  readonly rss_bytes: number;
  /** Of the last run. */
  readonly boundaries: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly reports: Readonly<Record<string, unknown>>;
}

/** The pipeline could not be opened: a code of the runtime. */
export interface Refused {
  readonly refused: { readonly code: string; readonly message: string };
}

export type LapAnswer = { readonly runs: LapRuns } | Refused | { readonly failure: Failure };

/** Of a lap under load; `unmatched`: why this plan cannot have one. */
export type LoadedAnswer = { readonly loaded: LoadedRun } | Refused | { readonly unmatched: string };

type Library = Pick<typeof import('../../index.js'), 'compile' | 'open'>;
/** As far as the byteor of the other side, which may be an older one, tells it. */
type Status = { readonly threads: readonly { readonly cpu: number | null; readonly waited_seconds?: number | null }[] };

const KIB = 1024;

let loadedLaps: LoadedLaps | undefined;

/** Of pipelines that have ended, Node's collector decides when their memory goes: the first run's is that of a pipeline. */
let peakOfFirstRun: number | undefined;

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
  for (let run = 0; ; run++) {
    for (const path of request.made) rmSync(path, { recursive: true, force: true });
    const begin = performance.now();
    let pipeline: Pipeline;
    try {
      pipeline = open(version, request.options) as Pipeline;
    } catch (error) {
      return refusedBy(error);
    }
    opening += performance.now() - begin;
    const { failure, boundaries } = await pipeline.finished();
    seconds.push((performance.now() - begin) / 1000);
    if (failure !== null) return { failure };
    threads = added(threads, pipeline.status());
    peakOfFirstRun ??= process.resourceUsage().maxRSS * KIB;
    if (run + 1 < count) continue;
    const reports = pipeline.reports();
    const counts = boundaries as unknown as LapRuns['boundaries'];
    const rss_bytes = peakOfFirstRun;
    return { runs: { seconds, opening_seconds: opening / 1000, threads, rss_bytes, boundaries: counts, reports } };
  }
}

/** @throws what was thrown, where it is no error of the runtime */
function refusedBy(error: unknown): Refused {
  const { code, message } = error as { code?: unknown; message: string };
  if (typeof code !== 'string') throw error;
  return { refused: { code, message } };
}

/** A lap under load. */
async function loadedAnswer(request: LapRequest, load: LoadRequest): Promise<LoadedAnswer> {
  const { compile, open } = (await import(request.library)) as Library;
  const opened = (): Pipeline => {
    for (const path of request.made) rmSync(path, { recursive: true, force: true });
    return open(compile(request.plan), request.options) as Pipeline;
  };
  try {
    loadedLaps ??= new LoadedLaps(load, request.plan, opened);
    return { loaded: await loadedLaps.run() };
  } catch (error) {
    if (error instanceof Unmatched) return { unmatched: error.message };
    return refusedBy(error);
  }
}

const added = (before: readonly LapThread[], { threads }: Status): LapThread[] =>
  threads.map(({ cpu, waited_seconds = null }, index) => ({
    cpu,
    waited_seconds: waited_seconds === null ? null : waited_seconds + (before[index]?.waited_seconds ?? 0),
  }));

const answer = (asked: LapRequest, runs: number): Promise<LapAnswer | LoadedAnswer> =>
  asked.load === undefined ? answerOf(asked, runs) : loadedAnswer(asked, asked.load);

const [, , file = '', count = '1'] = process.argv;
const request = JSON.parse(readFileSync(file, 'utf8')) as LapRequest;
for await (const _ of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(request, Number(count)))}\n`);
