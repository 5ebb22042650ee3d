/** What a person sees while a comparison runs, on standard error. Main thread. */
import type { Pair } from '../../bench/pairs.js';
import { LOOKS } from '../../bench/verdict.js';
import { CLEAR, fitted } from '../run/progress.js';
import type { Channel } from '../terminal.js';
import type { MeasuredLap } from './measure.js';

export interface BenchProgress {
  step(words: string): void;
  pairs(pairs: readonly Pair<MeasuredLap>[]): void;
  /** Takes the line away. */
  end(): void;
}

export function benchProgress(wanted: boolean, channel: Channel): BenchProgress {
  const start = performance.now();
  const show = (words: string): void => {
    if (!wanted) return;
    const line = `${words}  ${Math.round((performance.now() - start) / 1000)} s`;
    if (channel.isTty) channel.write(`${CLEAR}${fitted(line, channel.columns)}`);
    else channel.line(line);
  };
  return {
    step: show,
    pairs: (pairs) => show(pairWords(pairs)),
    end: () => {
      if (wanted && channel.isTty) channel.write(CLEAR);
    },
  };
}

/** `5 pairs of 8, 2 disturbed`: no ratio, which would be a look at a time when none is taken. */
function pairWords(pairs: readonly Pair<MeasuredLap>[]): string {
  const kept = pairs.filter(({ disturbed }) => disturbed === null).length;
  const next = LOOKS.find((look) => look > kept) ?? LOOKS.at(-1);
  const disturbed = pairs.length - kept;
  return `${kept} pairs of ${next}${disturbed > 0 ? `, ${disturbed} disturbed` : ''}`;
}
