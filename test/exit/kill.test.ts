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
import { type Fsync, linePlan } from '../support/line-plan.js';

/** Kills of each of the six plans: 24 in all here, 204 by `npm run soak -- kill`. */
const KILLS = Number(process.env.BYTEOR_KILL_REPEATS ?? '4');
/** Longest life of a child after it has opened. */
const LIFE_MS = 60;
const CHILD = fileURLToPath(new URL('../runtime/journal-child.mjs', import.meta.url));

/** A journal before the stage, which the ingress can await, and perhaps another behind it. */
const line = (second: 'Journal' | 'Events', fsync: Fsync) => {
  const journal = { kind: 'Journal', fsync, segment_bytes: 4096 } as const;
  return linePlan(journal, second === 'Journal' ? journal : { kind: 'Events', capacity_bytes: 4096 });
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

describe.each(['Events', 'Journal'] as const)(
  'processes that are killed one after the other: Journal, %s',
  (second) => {
    test.each(POLICIES)(
      'deliver, or leave to the next, all that was acknowledged as durable: fsync %j',
      async (fsync) => {
        const base = mkdtempSync(join(tmpdir(), 'byteor-kill-'));
        onTestFinished(() => rmSync(base, { recursive: true, force: true }));
        const [folder, file] = [join(base, 'journal'), join(base, 'delivered')];
        const plan = line(second, fsync);
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
  },
);
