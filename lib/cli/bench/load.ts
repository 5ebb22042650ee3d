/**
 * A lap of `byteor bench --latency`: the plan between handles of this thread, under a load that does not wait for it. The
 * latency of a record begins when it is due and ends when it is polled. Main thread of lap.ts.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { LatencyCounts } from '../../bench/latency.js';
import type { Pipeline, PipelinePlanV2, PollHandle, PushHandle, RecordCursor } from '../../index.js';
import { codecKind } from '../../plan/codec-layout.js';
import { histogramIndex } from '../../region/histogram.js';

export interface LoadRequest {
  readonly ingress: string;
  /** Egresses whose order is that of the input. */
  readonly egresses: readonly string[];
  /** A file of lines, the first of which are pushed over and over. */
  readonly input: string;
  readonly per_second: number;
  /** Records of a lap. */
  readonly count: number;
}

export interface LoadedRun {
  readonly latencies: LatencyCounts;
  readonly records: number;
  readonly seconds: number;
}

/** Which records came out cannot be told from what came out. */
export class Unmatched extends Error {}

type Line = string | Uint8Array;
type Push = Pick<PushHandle<Line>, 'tryPush' | 'flush'>;
type Poll = Pick<PollHandle<unknown>, 'pollInPlace' | 'pollBatch'>;

/** Of the input: enough for its records to differ as they do. */
const SAMPLE_BYTES = 4 << 20;
const SAMPLE_LINES = 20_000;
/** A lap that gets no further for so long hangs. */
const LIMIT_MS = 10_000;
const GAPS = 4096;

/** Times between arrivals that do not depend on each other (exponential), ms, the same in every lap. */
function gapsOf(perSecond: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: GAPS }, () => {
    // Park and Miller's generator: any that repeats will do.
    state = (state * 48_271) % 0x7fff_ffff;
    return (-1000 / perSecond) * Math.log(state / 0x7fff_ffff);
  });
}

/** Laps of one process: what the plan lets through is found once. */
export class LoadedLaps {
  readonly #lines: readonly Line[];
  /** The lines are JSON texts, which go in as they are. */
  readonly #raw: boolean;
  readonly #gaps: Float64Array;
  readonly #due: Float64Array;
  #passing: readonly Int32Array[] | undefined;

  /** @param open opens the plan with handles at all its ends */
  constructor(
    private readonly request: LoadRequest,
    plan: PipelinePlanV2,
    private readonly open: () => Pipeline,
  ) {
    const kind = codecKind(plan.boundaries.find(({ id }) => id === request.ingress)?.codec);
    this.#lines = sampleOf(request.input, kind === 'utf8');
    this.#raw = kind === 'json';
    this.#gaps = gapsOf(request.per_second);
    this.#due = new Float64Array(request.count);
  }

  /** @throws Unmatched; the pipeline's own errors */
  async run(): Promise<LoadedRun> {
    this.#passing ??= await this.#findPassing();
    const pipeline = this.open();
    const run = this.#load(pipeline, this.#passing);
    await pipeline.stop();
    return run;
  }

  /** For each egress: which lines of the sample come out there. */
  async #findPassing(): Promise<readonly Int32Array[]> {
    const pipeline = this.open();
    const { push, polls } = handlesOf(pipeline, this.request, this.#raw);
    const out = polls.map((): string[] => []);
    const take = () =>
      polls.reduce((sum, poll, at) => sum + poll.pollInPlace((record) => void out[at]?.push(bytesOf(record))), 0);
    for (let sent = 0, begin = performance.now(); sent < this.#lines.length; ) {
      if (push.tryPush(this.#lines[sent] as Line) === 'OK') sent++;
      else if (take() > 0) begin = performance.now();
      else if (performance.now() - begin > LIMIT_MS) break;
    }
    const closed = pipeline.stop();
    for (;;) {
      if (take() > 0) continue;
      if (await Promise.race([closed.then(() => true), new Promise((resolve) => setTimeout(resolve, 1, false))])) break;
    }
    while (take() > 0);
    const { failure } = await pipeline.finished();
    if (failure !== null) throw new Unmatched(`the plan failed with handles at its ends: ${failure.cause}`);
    return out.map((records, at) => this.#match(records, this.request.egresses[at] as string));
  }

  /** In the order of the input each output belongs to the next line that it contains. */
  #match(records: readonly string[], egress: string): Int32Array {
    const lines = this.#lines.map(textOf);
    const passing: number[] = [];
    let at = 0;
    for (const record of records) {
      while (at < lines.length && !record.includes(lines[at] as string)) at++;
      if (at === lines.length)
        throw new Unmatched(
          `what comes out at "${egress}" does not contain the lines that went in, so none can be timed`,
        );
      passing.push(at++);
    }
    return Int32Array.from(passing);
  }

  #load(pipeline: Pipeline, passing: readonly Int32Array[]): LoadedRun {
    const { push, polls } = handlesOf(pipeline, this.request, this.#raw);
    const { count } = this.request;
    const lines = this.#lines;
    const due = this.#due;
    const counts = new Map<number, number>();
    const expected = passing.map((of) => outputsOf(of, count, lines.length));
    const got = passing.map(() => 0);
    const begin = performance.now();
    for (let at = 0, next = begin; at < count; at++) {
      next += this.#gaps[at % GAPS] as number;
      due[at] = next;
    }
    let left = expected.reduce((sum, of) => sum + of, 0);
    let moved = begin;
    for (let sent = 0; sent < count || left > 0; ) {
      const now = performance.now();
      const before = sent;
      while (sent < count && (due[sent] as number) <= now && push.tryPush(lines[sent % lines.length] as Line) === 'OK')
        sent++;
      if (sent > before) push.flush();
      const had = left;
      for (const [at, poll] of polls.entries())
        left -= poll.pollBatch((cursor) => {
          const end = performance.now();
          while (cursor.next()) {
            const output = got[at] as number;
            got[at] = output + 1;
            const index = latencyIndex(end, due, passing[at] as Int32Array, output, lines.length);
            counts.set(index, (counts.get(index) ?? 0) + 1);
          }
        });
      if (sent > before || left < had) moved = now;
      else if (now - moved > LIMIT_MS) throw new Unmatched('the plan gets no further with handles at its ends');
    }
    const seconds = (performance.now() - begin) / 1000;
    const records = got.reduce((sum, of) => sum + of, 0);
    return { latencies: [...counts].sort(([one], [other]) => one - other), records, seconds };
  }
}

/** Which record an output belongs to, by its number, says when that was due. */
function latencyIndex(end: number, due: Float64Array, passing: Int32Array, output: number, lines: number): number {
  const round = Math.floor(output / passing.length);
  const record = round * lines + (passing[output % passing.length] as number);
  return histogramIndex((end - (due[record] as number)) * 1e6);
}

/** How many of the first `count` records come out. */
function outputsOf(passing: Int32Array, count: number, lines: number): number {
  const rest = count % lines;
  return Math.floor(count / lines) * passing.length + passing.filter((line) => line < rest).length;
}

function handlesOf(
  pipeline: Pipeline,
  { ingress, egresses }: LoadRequest,
  raw: boolean,
): { push: Push; polls: Poll[] } {
  const handle = pipeline.ingress(ingress) as unknown as PushHandle<Line>;
  const push = raw ? { tryPush: (line: Line) => handle.tryPushRaw(line), flush: () => handle.flush() } : handle;
  return { push, polls: egresses.map((id) => pipeline.egress(id) as unknown as Poll) };
}

/** Bytes as text, one for one: whatever the codecs are, what comes out is compared with what went in. */
const textOf = (line: Line): string => Buffer.from(line as string).toString('latin1');

const bytesOf = ({ buffer, offset, length }: RecordCursor): string =>
  buffer.toString('latin1', offset, offset + length);

function sampleOf(path: string, asText: boolean): Line[] {
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(SAMPLE_BYTES);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < SAMPLE_BYTES; length += read)
      read = readSync(file, buffer, length, SAMPLE_BYTES - length, null);
  } finally {
    closeSync(file);
  }
  const texts = buffer.toString('latin1', 0, length).split('\n');
  // The last one may go on behind the sample, or is what follows the last line end. An empty line is part of any other.
  const whole = (texts.length > 1 ? texts.slice(0, -1) : texts).filter(Boolean).slice(0, SAMPLE_LINES);
  return whole.map((text) => (asText ? Buffer.from(text, 'latin1').toString() : Buffer.from(text, 'latin1')));
}
