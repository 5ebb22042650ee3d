/**
 * Laps of a plan over lines, in a process of their own: for every line on standard input it opens the pipeline RUNS times in a row,
 * runs it to its end, holds every count of its stage against what was asked, and prints what the runs took in the form of
 * lib/cli/bench/lap.ts.
 *
 *   node bench/stages/lap.mjs REQUEST RUNS      REQUEST: a file with { plan, options, letters?, counts } as JSON
 */

import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { compile, deadLetters, open } from '../../dist/index.js';

const { plan, options, letters, counts } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const version = compile(plan);
const [{ id }] = plan.stages;

/** A run with another count is another run: it ends the process. */
function check(ledger) {
  if (ledger.failure !== null || !ledger.balanced)
    throw new Error(`the run failed, or its ledger does not balance: ${JSON.stringify(ledger)}`);
  const stage = ledger.stages[id];
  const found = Object.fromEntries(Object.keys(counts).map((key) => [key, stage[key]]));
  if (!isDeepStrictEqual(found, counts))
    throw new Error(`stage "${id}" counted ${JSON.stringify(found)}, not ${JSON.stringify(counts)}`);
  if (letters === undefined) return;
  const written = deadLetters(letters).letters.length;
  if (written !== counts.dead_lettered) throw new Error(`there are ${written} letters, not ${counts.dead_lettered}`);
}

async function runOnce() {
  if (letters !== undefined) rmSync(letters, { recursive: true, force: true });
  const begin = performance.now();
  const pipeline = open(version, options);
  const opening = performance.now() - begin;
  const ledger = await pipeline.finished();
  const seconds = (performance.now() - begin) / 1000;
  check(ledger);
  return { seconds, opening: opening / 1000, threads: pipeline.status().threads, boundaries: ledger.boundaries };
}

async function lap(runs) {
  const done = [];
  for (let run = 0; run < runs; run++) done.push(await runOnce());
  const { threads, boundaries } = done[0];
  const waited = (at) => done.reduce((sum, one) => sum + (one.threads[at].waited_seconds ?? 0), 0);
  return {
    seconds: done.map(({ seconds }) => seconds),
    opening_seconds: done.reduce((sum, { opening }) => sum + opening, 0),
    threads: threads.map(({ cpu }, at) => ({ cpu, waited_seconds: waited(at) })),
    rss_bytes: process.resourceUsage().maxRSS * 1024,
    boundaries,
    reports: {},
  };
}

for await (const _ of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await lap(Number(process.argv[3])))}\n`);
