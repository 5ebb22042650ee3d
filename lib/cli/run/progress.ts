/**
 * The line that a person sees while a run goes on, on standard error:
 *
 *   42 %  ▇▇▇▇▇▇▇▇          4,200,000 records  441 MB of 1.05 GB  812 MB/s  0.8 s left
 *
 * It looks at the pipeline ten times a second and costs the run nothing; its timer keeps nothing alive.
 */
import type { Pipeline } from '../../runtime/pipeline.js';
import type { SourceStatus } from '../../runtime/status.js';
import { dataWords } from '../sizes.js';
import type { Channel } from '../terminal.js';
import { grouped, textWidth } from '../text.js';
import { isSource } from './status.js';

const PERIOD_MS = 100;
/** Where no person looks, a line for a log. */
const LOG_PERIOD_MS = 2000;
const BAR_CELLS = 20;
/** Back to the start of the line, and clear it. */
export const CLEAR = '\r\u001b[2K';

export interface Progress {
  /** Takes the line away; nothing is written afterwards. Idempotent. */
  end(): void;
}

/** @param ingresses ids of all of them; several sources are one line together */
export function startProgress(pipeline: Pipeline, ingresses: readonly string[], channel: Channel): Progress {
  const { isTty } = channel;
  const start = performance.now();
  const show = (): void => {
    const { adapters } = pipeline.status();
    const sources = ingresses.flatMap((id) => adapters[id] ?? []).filter(isSource);
    if (sources.length === 0) return;
    const line = progressLine(together(sources), (performance.now() - start) / 1000);
    if (isTty) channel.write(`${CLEAR}${fitted(line, channel.columns)}`);
    else channel.line(line);
  };
  const timer = setInterval(show, isTty ? PERIOD_MS : LOG_PERIOD_MS);
  timer.unref();
  let ended = false;
  return {
    end: () => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      if (isTty) channel.write(CLEAR);
    },
  };
}

/** What a source has read, and how much lies ahead. */
type Read = Pick<SourceStatus, 'bytes' | 'records' | 'input_bytes'>;

/** How much lies ahead is known where every source knows it. */
export function together(sources: readonly Read[]): Read {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const known = sources.flatMap(({ input_bytes }) => input_bytes ?? []);
  return {
    bytes: sum(sources.map(({ bytes }) => bytes)),
    records: sum(sources.map(({ records }) => records)),
    input_bytes: known.length === sources.length ? sum(known) : null,
  };
}

/** A line that wraps could not be taken back. */
export const fitted = (line: string, columns: number): string =>
  textWidth(line) < columns ? line : line.slice(0, Math.max(0, columns - 1));

/** Exposed for tests. */
export function progressLine({ bytes, records, input_bytes: total }: Read, seconds: number): string {
  const speed = seconds > 0 ? bytes / seconds : 0;
  const rate = `${dataWords(speed)}/s`;
  if (total === null || total === 0) return `${grouped(records)} records  ${dataWords(bytes)}  ${rate}`;
  const share = Math.min(1, bytes / total);
  const bar = '▇'.repeat(Math.round(share * BAR_CELLS)).padEnd(BAR_CELLS, '·');
  const left = speed > 0 ? `  ${secondsLeft((total - bytes) / speed)} left` : '';
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `${percent} %  ${bar}  ${grouped(records)} records  ${dataWords(bytes)} of ${dataWords(total)}  ${rate}${left}`;
}

function secondsLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
