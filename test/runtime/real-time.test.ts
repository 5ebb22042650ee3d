import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

/** A thread that spins in the real-time class keeps everything else off its CPU: there must be a CPU for the rest. */

const CHILD = fileURLToPath(new URL('real-time-child.mjs', import.meta.url));

interface Told {
  /** The pipelines' threads as the kernel has them. */
  readonly kernel: readonly { readonly name: string; readonly realTime: boolean; readonly cpus: string }[];
  readonly requests: readonly { readonly request: string; readonly outcome: { state: string; reason?: string } }[];
  readonly delivered: number;
}

/** What the child has told, once its pipelines run; they go on until the test has finished. */
function running(pipelines: number, threads: number): Promise<Told> {
  const child = spawn(process.execPath, [CHILD, String(pipelines), String(threads)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.stdin.end();
    return new Promise((resolve) => child.once('close', () => resolve()));
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.endsWith('\n')) resolve(JSON.parse(said) as Told);
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`the child ended: ${said}`)));
  });
}

function expectRoomForTheRest(told: readonly Told[]): void {
  const realTime = told.flatMap(({ kernel }) => kernel.filter((thread) => thread.realTime));
  // Each on one CPU, no two on the same, and one CPU without.
  for (const { cpus } of realTime) expect(cpus).toMatch(/^\d+$/);
  expect(new Set(realTime.map(({ cpus }) => cpus)).size).toBe(realTime.length);
  expect(realTime.length).toBeLessThan(availableParallelism());
  for (const { kernel, requests, delivered } of told) {
    expect(delivered).toBe(200);
    const asked = requests.filter(({ request }) => request.startsWith('real-time class'));
    expect(asked.length).toBe(kernel.length);
    const applied = asked.filter(({ outcome }) => outcome.state === 'Applied');
    expect(applied.length).toBe(kernel.filter((thread) => thread.realTime).length);
    for (const { outcome } of asked.filter((one) => !applied.includes(one)))
      expect(outcome).toEqual({ state: expect.stringMatching(/^(Degraded|Failed)$/), reason: expect.any(String) });
  }
}

test('two pipelines of one process leave a CPU without real time, and say which thread has it', async () => {
  expectRoomForTheRest([await running(2, 1)]);
});

test('more threads than CPUs: the rest run in the ordinary class', async () => {
  expectRoomForTheRest([await running(1, 4)]);
});

test('two processes leave a CPU without real time between them', async () => {
  const first = await running(1, 2);
  expectRoomForTheRest([first, await running(1, 2)]);
});
