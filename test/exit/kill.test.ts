import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import { compile } from '../../lib/version/version.js';

/** Kills of each of the six plans: 24 in all here, 204 by `npm run soak -- kill`. */
const KILLS = Number(process.env.BYTEOR_KILL_REPEATS ?? '4');
/** Longest life of a child after it has opened. */
const LIFE_MS = 60;
const CHILD = fileURLToPath(new URL('../runtime/journal-child.mjs', import.meta.url));

type Fsync = 'each_batch' | 'none' | { readonly interval_ms: number };

/** in → pass → out: a journal before the stage, which the ingress can await, and perhaps another behind it. */
const line = (first: 'Journal', second: 'Journal' | 'Events', fsync: Fsync) => {
  const lane = (kind: 'Journal' | 'Events') =>
    kind === 'Journal' ? { kind, fsync, segment_bytes: 4096 } : { kind, capacity_bytes: 4096 };
  return {
    version: 2,
    name: 'killed',
    target: 'LaneGraph',
    stages: [{ id: 'pass', op: 'identity' }],
    boundaries: [
      { id: 'in', kind: 'ingress', codec: 'utf8' },
      { id: 'out', kind: 'egress', codec: 'utf8' },
    ],
    lane_graph: {
      connections: [
        { from: 'in', to: 'pass', lane: lane(first) },
        { from: 'pass', to: 'out', lane: lane(second) },
      ],
    },
  } as const satisfies LaneGraphPlan;
};

const POLICIES: readonly Fsync[] = ['each_batch', 'none', { interval_ms: 2 }];
const OPTIONS = [{ pin: false }, { pin: false, threads: 1 }, { pin: false, wait: 'yield' }] as const;

/** Starts a child and kills it at a moment of chance; how many records it had acknowledged. */
async function killOnce(plan: LaneGraphPlan, folder: string, file: string, run: number): Promise<number> {
  const options = JSON.stringify(OPTIONS[run % OPTIONS.length]);
  const child = spawn(process.execPath, [CHILD, JSON.stringify(plan), folder, file, `${run}:`, options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'close');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * LIFE_MS);
    said += chunk.toString();
  });
  await gone;
  expect(child.signalCode).toBe('SIGKILL');
  // A number that was cut in the middle acknowledges nothing.
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

/** Everything that a run delivers which gets nothing new. */
async function rest(plan: ReturnType<typeof line>, folder: string): Promise<string[]> {
  const pipeline = open(compile(plan), { journal: { folder }, pin: false });
  onTestFinished(() => void pipeline.halt());
  pipeline.ingress('in').close();
  const seen: string[] = [];
  for await (const record of pipeline.egress('out')) seen.push(record);
  expect(await pipeline.finished()).toMatchObject({ balanced: true, failure: null });
  return seen;
}

/** Lines that a file holds; the last one may have been cut by the kill. */
const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];

describe.each([
  ['Journal', 'Events'],
  ['Journal', 'Journal'],
] as const)('processes that are killed one after the other: %s, %s', (first, second) => {
  test.each(POLICIES)(
    'deliver, or leave to the next, all that was acknowledged as durable: fsync %j',
    async (fsync) => {
      const base = mkdtempSync(join(tmpdir(), 'byteor-kill-'));
      onTestFinished(() => rmSync(base, { recursive: true, force: true }));
      const [folder, file] = [join(base, 'journal'), join(base, 'delivered')];
      const plan = line(first, second, fsync);
      const acknowledged: string[] = [];
      for (let run = 0; run < KILLS; run++) {
        const count = await killOnce(plan, folder, file, run);
        for (let at = 0; at < count; at++) acknowledged.push(`${run}:${at}`);
      }
      expect(acknowledged.length).toBeGreaterThan(0);
      const seen = new Set([...linesOf(file), ...(await rest(plan, folder))]);
      expect(acknowledged.filter((record) => !seen.has(record))).toEqual([]);
      expect(await rest(plan, folder)).toEqual([]);
    },
  );
});
