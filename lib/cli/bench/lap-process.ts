/** Starts the processes that run laps (lap.ts), and ends them with an AbortSignal. Main thread. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-root.js';
import { CliError, ExitCode } from '../exit-code.js';
import type { LapAnswer } from './lap.js';

/** What a process says at its end is for a message: the last of it is enough. */
const STDERR_MAX = 4096;

const LAP = ['dist', 'bin', 'lap.js'] as const;

/**
 * @param name of the side, for messages
 * @throws CliError (the run failed) where the process ends without an answer; the signal's reason when it was aborted
 */
export function lapProcess(name: string, requestFile: string, runs: number, signal: AbortSignal): Promise<LapAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const child = spawn(process.execPath, [join(packageRoot(), ...LAP), requestFile, String(runs)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', kill, { once: true });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err = (err + text).slice(-STDERR_MAX);
    });
    child.once('error', (error) => reject(noAnswer(name, error.message, '')));
    // Not before: its files are removed next, and it must not write to them any more.
    child.once('close', (code, ended) => {
      signal.removeEventListener('abort', kill);
      if (signal.aborted) return reject(signal.reason);
      if (code !== 0) return reject(noAnswer(name, ended ?? `exit code ${code}`, err));
      resolve(JSON.parse(out) as LapAnswer);
    });
  });
}

const noAnswer = (name: string, cause: string, words: string): CliError =>
  new CliError(
    ExitCode.RunFailed,
    `The process of a lap of ${name} ended with ${cause} and no answer.`,
    words.trim() === '' ? undefined : words.trim(),
  );
