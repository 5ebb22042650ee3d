/** Runs the command line as users do: a child process over the built files. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MAIN = join(ROOT, 'dist', 'bin', 'byteor.js');

/** A child that takes longer hangs; its test fails by the signal that it ended with. */
const WATCHDOG_MS = 60_000;

export interface Ended {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called when the child runs; what it does to it is the test. */
  readonly meanwhile?: (child: ChildProcess) => void | Promise<void>;
  readonly stdio?: SpawnOptions['stdio'];
}

/** Environment of a child: nothing of the test runner's wishes for colours. */
function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...rest } = process.env;
  return { ...rest, ...extra };
}

export function byteorChild(args: readonly string[], options: RunOptions = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: environment(options.env),
    stdio: options.stdio ?? 'pipe',
  });
}

/** Runs one command line to its end. */
export async function byteor(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = byteorChild(args, options);
  const watchdog = setTimeout(() => child.kill('SIGKILL'), WATCHDOG_MS);
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve([code, signal]));
  });
  const texts = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  // A child that ended before it read everything closes the pipe; that is its right.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  try {
    await options.meanwhile?.(child);
    const [code, signal] = await ended;
    const [stdout, stderr] = await texts;
    return { code, signal, stdout, stderr };
  } finally {
    clearTimeout(watchdog);
  }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = [];
  if (stream !== null) for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** A folder that lives as long as the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file with this content, in a folder that lives as long as the test. */
export function temporaryFile(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}
