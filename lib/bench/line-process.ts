/**
 * A process that answers: for every line it is asked it prints one, and it ends with its input. Main thread; Node only.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** What a process says at its end is for a message: the last of it is enough. */
const STDERR_MAX = 4096;

export interface LineProcess {
  /** One at a time. Rejects with ProcessEnded where the process ends without an answer. */
  ask(): Promise<string>;
  /** Lets it end, and resolves when it is gone: its files may be removed then. Never rejects but for `signal`. */
  end(): Promise<void>;
}

/** A process that ended without an answer. */
export class ProcessEnded extends Error {
  constructor(
    /** `exit code 1`, `SIGKILL`, or why it could not be started. */
    readonly how: string,
    /** What it wrote to standard error. */
    readonly words: string,
  ) {
    super(`the process ended with ${how}${words === '' ? '' : `: ${words}`}`);
  }
}

/** @param signal kills the process; calls reject with its reason then */
export function lineProcess(
  command: string,
  args: readonly string[],
  { signal, cwd }: { readonly signal?: AbortSignal; readonly cwd?: string } = {},
): LineProcess {
  signal?.throwIfAborted();
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', kill, { once: true });
  const ended = endOf(child).finally(() => signal?.removeEventListener('abort', kill));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async () => {
      child.stdin.write('\n');
      const { value, done } = await answers.next();
      if (done !== true) return value;
      const how = await ended;
      signal?.throwIfAborted();
      throw how;
    },
    end: async () => {
      child.stdin.end();
      await ended;
      signal?.throwIfAborted();
    },
  };
}

function endOf(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<ProcessEnded> {
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-STDERR_MAX);
  });
  // Of a process that is gone: its end says more.
  child.stdin.on('error', () => {});
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(new ProcessEnded(error.message, '')));
    child.once('close', (code, signal) => resolve(new ProcessEnded(signal ?? `exit code ${code}`, words.trim())));
  });
}
