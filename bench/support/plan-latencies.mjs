/**
 * Latency of plans under open-loop load, two builds beside each other (bench/native/plan/load.cpp): both get a quarter of what
 * the slower one manages, so that queues are what a burst makes of them and not what a shortage does.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { specOf } from './plan-counts.mjs';
import { progress } from './report.mjs';

const SHARE_OF_RATE = 0.25;
/** More than any plan takes: how long its records need then says what it manages. */
const FLOOD = { per_second: 1e12, count: 100_000 };
const LAP_SECONDS = 0.02;
const LAPS = 16;
/** A pair that takes this long hangs. */
const LIMIT_SECONDS = 60;

/**
 * @param {{ a: object, b: object }} builds as buildPlans gives them
 * @param {{ seconds: number }} options for each program
 * @returns {Promise<{ program: object, per_second: number, latencies: object }[]>} without the programs that a build refuses
 */
export async function loadPlans(builds, programs, { seconds }) {
  const { runLatencies } = await import('../../dist/modules/bench/latency.js');
  const { lapOf } = await import('../../dist/modules/bench/pairs.js');
  const { lineProcess } = await import('../../dist/modules/bench/line-process.js');
  const folder = mkdtempSync(join(tmpdir(), 'byteor-load-'));
  const results = [];
  try {
    for (const program of programs.filter(({ larger }) => larger === undefined)) {
      const specs = { a: specOf(builds.a, program.plan), b: specOf(builds.b, program.plan) };
      if (specs.a === undefined || specs.b === undefined) continue;
      const start = async (side, { per_second, count }) => {
        const cwd = mkdtempSync(join(folder, 'pair-'));
        const spec = join(cwd, 'spec');
        writeFileSync(spec, specs[side]);
        const args = [spec, program.structs === true ? 'structs' : 'lines', String(per_second), String(count)];
        const signal = AbortSignal.timeout(LIMIT_SECONDS * 1000);
        const { ask, end } = lineProcess(builds[side].load, args, { cwd, signal });
        const lap = async () => {
          const report = JSON.parse(await ask());
          return { ...lapOf(report), latencies: report.latencies, records: report.records };
        };
        return { lap, end: () => end().finally(() => rmSync(cwd, { recursive: true, force: true })) };
      };
      const most = Math.min(await rateOf(() => start('a', FLOOD)), await rateOf(() => start('b', FLOOD)));
      const per_second = Math.round(most * SHARE_OF_RATE);
      const load = { per_second, count: Math.max(1, Math.round(per_second * LAP_SECONDS)) };
      const latencies = await runLatencies((side) => start(side, load), {
        seconds,
        laps: LAPS,
        progress: (samples) => progress(`${program.name}, under load: ${samples.length} pairs`),
      });
      results.push({ program, per_second, latencies });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** Records a second of a plan that gets more than it can take. */
async function rateOf(start) {
  const process = await start();
  try {
    const laps = [await process.lap(), await process.lap(), await process.lap()];
    return FLOOD.count / Math.min(...laps.map(({ seconds }) => seconds));
  } finally {
    await process.end();
  }
}
