import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteorChild, temporaryFile, temporaryFolder } from './child.js';
import { IDENTITY_PLAN } from './plans.js';

interface Watched {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

/** A run whose input stays open, so that only a signal ends it. */
function openRun(...options: string[]): Watched {
  const plan = temporaryFile('plan.json', IDENTITY_PLAN);
  const child = byteorChild(['run', plan, '--ingress', 'in=lines:-', ...options]);
  child.stdin?.on('error', () => {});
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Awaited<Watched['ended']>>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return { child, ended };
}

const nextOutput = (child: ChildProcess) => new Promise((resolve) => child.stdout?.once('data', resolve));

describe('a signal drains the run and prints the summary', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s exits with %i', async (signal, code) => {
    const { child, ended } = openRun('--egress', 'out=lines:-');
    child.stdin?.write('one\ntwo\nhalf a li');
    await nextOutput(child);
    child.kill(signal);
    const result = await ended;
    expect(result.code).toBe(code);
    expect(result.stdout).toMatch(/^one\ntwo\n(half a li)?$/);
    expect(result.stderr).toContain(`! ended by ${signal}, drained`);
    expect(result.stderr).toMatch(/✓ balanced: \d in = \d out\n$/);
  });

  test('as JSON: not ok, and every record accounted for', async () => {
    const out = join(temporaryFolder(), 'out.log');
    const { child, ended } = openRun('--egress', `out=lines:${out}`, '--json', '--assert-conserved');
    child.stdin?.write('one\ntwo\n');
    await until(() => exists(out) && readFileSync(out, 'utf8') === 'one\ntwo\n');
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, records_in: 2, records_out: 2, ledger: { balanced: true } });
  });
});

describe('an output that takes nothing more', () => {
  /** Far more than a pipe and the ring hold. */
  const plenty = Buffer.alloc(64 * 2 ** 20, 'a line that nobody reads, of some length\n');

  /** A run that is stuck: nobody reads its standard output. */
  async function stuckRun(...options: string[]): Promise<Watched> {
    const input = temporaryFile('big.log', plenty);
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const ends = ['--ingress', `in=lines:${input}`, '--egress', 'out=lines:-', ...options];
    const child = byteorChild(['run', plan, ...ends]);
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout?.pause();
    // Not 'close': that waits for standard output, which nobody reads.
    const told = new Promise((resolve) => child.stderr?.once('end', resolve));
    const exited = new Promise<[number | null, string | null]>((resolve) =>
      child.once('exit', (code, signal) => resolve([code, signal])),
    );
    const ended = Promise.all([exited, told]).then(([[code, signal]]) => ({ code, signal, stdout: '', stderr }));
    await new Promise((resolve) => child.stdout?.once('readable', resolve));
    // The first bytes are out; until the pipe is full nothing is stuck yet.
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { child, ended };
  }

  test('is waited for no longer than --deadline; what is left is abandoned, by count', async () => {
    const { child, ended } = await stuckRun('--deadline', '300ms', '--json');
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect(code).toBe(143);
    const facts = JSON.parse(stderr);
    expect(facts.ledger.balanced).toBe(true);
    expect(facts.ledger.boundaries.out.abandoned).toBeGreaterThan(0);
  });

  test('is given up at once at the second signal', async () => {
    const { child, ended } = await stuckRun('--deadline', '10m', '--json');
    child.kill('SIGINT');
    // The second must not arrive together with the first, or the kernel makes one of them.
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(JSON.parse(stderr).ledger.balanced).toBe(true);
  });
});

test('a run that is killed outright leaves no thread behind and its output readable', async () => {
  const out = join(temporaryFolder(), 'out.log');
  const { child, ended } = openRun('--egress', `out=lines:${out}`);
  child.stdin?.write('one\n');
  await until(() => exists(out) && readFileSync(out, 'utf8') === 'one\n');
  child.kill('SIGKILL');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  expect(readFileSync(out, 'utf8')).toBe('one\n');
});

test('a run that waits for input sleeps: its threads take no CPU time at all', async () => {
  const { child, ended } = openRun('--egress', 'out=lines:-', '--quiet');
  child.stdin?.write('one\n');
  await nextOutput(child);
  const pid = child.pid as number;
  // They spin for some microseconds before they sleep; then they are asleep until something comes.
  let before: ReturnType<typeof ourThreads> = [];
  await until(() => {
    before = ourThreads(pid);
    return before.length > 0 && before.every(({ state }) => state === 'S');
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(before.length).toBeGreaterThan(0);
  expect(ourThreads(pid)).toEqual(before);
  child.stdin?.end();
  expect(await ended).toMatchObject({ code: 0, stdout: 'one\n' });
});

/** The native threads of a pipeline: their state and CPU time, in the kernel's ticks. */
function ourThreads(pid: number): { name: string; state: string; ticks: number }[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    const [, name = '', rest = ''] =
      /\((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')) ?? [];
    const fields = rest.split(' ');
    if (!name.startsWith('byteor-')) return [];
    return [{ name, state: fields[0] ?? '', ticks: Number(fields[11]) + Number(fields[12]) }];
  });
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Waits for what must become true; the test's own timeout is the watchdog. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
