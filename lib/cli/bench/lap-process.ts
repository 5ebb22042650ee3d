/** Starts the processes that run laps (lap.ts). Main thread. */
import { join } from 'node:path';
import { lineProcess, ProcessEnded } from '../../bench/line-process.js';
import { packageRoot } from '../../runtime/package-root.js';
import { CliError, ExitCode } from '../exit-code.js';

const LAP = ['dist', 'bin', 'lap.mjs'] as const;

export interface LapProcess<Answer> {
  /** One at a time. Rejects with CliError (the run failed) where the process ends without an answer. */
  lap(): Promise<Answer>;
  /** Resolves when the process is gone. */
  end(): Promise<void>;
}

/**
 * @typeParam Answer what the request asks for
 * @param name of the side, for messages
 * @param signal kills the process; calls reject with its reason then
 */
export function startLaps<Answer>(
  name: string,
  requestFile: string,
  runs: number,
  signal: AbortSignal,
): LapProcess<Answer> {
  const script = join(packageRoot(), ...LAP);
  const { ask, end } = lineProcess(process.execPath, [script, requestFile, String(runs)], { signal });
  const lap = async (): Promise<Answer> => {
    try {
      return JSON.parse(await ask()) as Answer;
    } catch (error) {
      throw error instanceof ProcessEnded ? noAnswer(name, error) : error;
    }
  };
  return { lap, end };
}

const noAnswer = (name: string, { how, words }: ProcessEnded): CliError =>
  new CliError(
    ExitCode.RunFailed,
    `The process of a lap of ${name} ended with ${how} and no answer.`,
    words === '' ? undefined : words,
  );
