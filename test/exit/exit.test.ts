import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** How often each pair is tried, so that it meets both shapes; `npm run soak -- exit` sets 50. */
const REPEATS = Number(process.env.BYTEOR_EXIT_REPEATS ?? '2');
/** Children of one pair that run side by side. */
const AT_ONCE = 2;
/** A child that is still there after so long hangs. */
const WATCHDOG_MS = 60_000;

const STAGES = ['opened', 'pushing', 'full', 'parked', 'failing', 'stopping'];

/** What a child opens. Every way and every stage meets both, and every pair does when it is repeated. */
const SHAPES = ['ring', 'graph'];
const shapeOf = (way: string, stage: string, repeat: number): string =>
  SHAPES[(Object.keys(WAYS).indexOf(way) + STAGES.indexOf(stage) + repeat) % SHAPES.length] as string;

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What may stand on stderr: nothing, unless Node prints the error that was the point. */
  readonly stderr: RegExp;
}

const QUIET = /^$/;
const WAYS: Readonly<Record<string, End>> = {
  natural: { code: 0, signal: null, stderr: QUIET },
  exit: { code: 7, signal: null, stderr: QUIET },
  throw: { code: 1, signal: null, stderr: /uncaught on purpose/ },
  reject: { code: 1, signal: null, stderr: /rejected on purpose/ },
  sigterm: { code: null, signal: 'SIGTERM', stderr: QUIET },
  gc: { code: 0, signal: null, stderr: QUIET },
  halted: { code: 0, signal: null, stderr: QUIET },
  disposed: { code: 0, signal: null, stderr: QUIET },
  'worker-terminate': { code: 0, signal: null, stderr: QUIET },
  'worker-natural': { code: 0, signal: null, stderr: QUIET },
  'worker-exit': { code: 0, signal: null, stderr: QUIET },
  'worker-throw': { code: 0, signal: null, stderr: QUIET },
  'exit-with-workers': { code: 7, signal: null, stderr: QUIET },
};

const script = fileURLToPath(new URL('./child.mjs', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly hung: boolean;
}

function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let hung = false;
    const watchdog = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, WATCHDOG_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      // What a child that reads standard input waits for.
      if (stdout.includes('collected')) child.stdin.end('a line\n');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(watchdog);
      resolve({ code, signal, stdout, stderr, hung });
    });
  });
}

describe.each(Object.entries(WAYS))('the end by %s', (way, end) => {
  test.each(STAGES)(
    'of a pipeline that is %s has the expected exit code and does not hang',
    async (stage) => {
      for (let left = REPEATS; left > 0; left -= AT_ONCE) {
        const children = Array.from({ length: Math.min(left, AT_ONCE) }, (_, at) =>
          run(script, way, stage, shapeOf(way, stage, REPEATS - left + at)),
        );
        for (const { stdout, stderr, ...outcome } of await Promise.all(children)) {
          expect({ ...outcome, stderr }).toEqual({
            code: end.code,
            signal: end.signal,
            hung: false,
            stderr: expect.stringMatching(end.stderr),
          });
          expect(stdout).toContain('reached');
        }
      }
    },
    WATCHDOG_MS * (REPEATS + 1),
  );
});

describe('the event loop', () => {
  const loop = fileURLToPath(new URL('./loop.mjs', import.meta.url));

  test.each(['egress', 'ingress', 'finished', 'stop'])(
    'lives as long as a promise of %s is pending, also when nobody else keeps it',
    async (wait) => {
      const { stdout, code, stderr } = await run(loop, wait);
      expect({ stdout, code, stderr }).toEqual({ stdout: 'still alive\nsettled\n', code: 0, stderr: '' });
    },
  );

  test('lives, and the pipeline with it, when everything but the promise was dropped', async () => {
    const { stdout, code, stderr } = await run(loop, 'dropped');
    expect({ stdout, code, stderr }).toEqual({ stdout: 'collected\nsettled\n', code: 0, stderr: '' });
  });

  test('ends while a pipeline is open and idle', async () => {
    const { stdout, code, stderr } = await run(loop, 'idle');
    expect({ stdout, code, stderr }).toEqual({ stdout: 'nothing to wait for\n', code: 0, stderr: '' });
  });
});
