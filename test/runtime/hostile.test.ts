import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** More by hand: BYTEOR_HOSTILE_CHILDREN=200. */
const CHILDREN = Number(process.env.BYTEOR_HOSTILE_CHILDREN ?? '3');
/** The first child's seed. */
const SEED = Number(process.env.BYTEOR_HOSTILE_SEED ?? '1');
/** A child that is still there after so long hangs. */
const WATCHDOG_MS = 60_000;

const script = fileURLToPath(new URL('./hostile-child.mjs', import.meta.url));

function run(seed: number, end: string): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, String(seed), end], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    const watchdog = setTimeout(() => child.kill('SIGKILL'), WATCHDOG_MS);
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(watchdog);
      resolve({ code, signal, stderr });
    });
  });
}

describe('a process whose JavaScript writes over the region of a running pipeline', () => {
  test.each(['halt', 'stop', 'dispose', 'exit', 'natural'])(
    'ends by itself, by %s',
    async (end) => {
      for (let i = 0; i < CHILDREN; i++) {
        const seed = SEED + i;
        expect(await run(seed, end), `seed ${seed}`).toEqual({ code: 0, signal: null, stderr: '' });
      }
    },
    CHILDREN * WATCHDOG_MS,
  );
});
