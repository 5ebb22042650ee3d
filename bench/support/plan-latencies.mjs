/**
 * Latency of plans under open-loop load, two builds beside each other (bench/native/plan/load.cpp); both get the same load
 * (lib/bench/latency.ts).
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsOf, plannedOf } from './planned.mjs';
import { progress } from './report.mjs';

const FLOOD_COUNT = 100_000;
const LAP_SECONDS = 0.02;
/** A pair that takes this long hangs. */
const LIMIT_SECONDS = 60;

/**
 * @param {{ a: object, b: object }} builds as buildPlans gives them
 * @param {{ seconds: number }} options for each program
 * @returns {Promise<{ program: object, per_second: number, latencies: object }[]>} without the programs that a build refuses
 */
export async function loadPlans(builds, programs, { seconds }) {
  const { runLoaded } = await import('../../dist/modules/bench/latency.js');
  const { lapOf } = await import('../../dist/modules/bench/pairs.js');
  const { lineProcess } = await import('../../dist/modules/bench/line-process.js');
  const folder = mkdtempSync(join(tmpdir(), 'byteor-load-'));
  const results = [];
  try {
    for (const program of programs.filter(({ larger }) => larger === undefined)) {
      const ends = endsOf(program.plan);
      const [a, b] = [builds.a, builds.b].map((build) => plannedOf(build, program.plan, { ends }));
      const specs = { a, b };
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
      const loaded = await runLoaded(start, {
        seconds,
        floodCount: FLOOD_COUNT,
        lapSeconds: LAP_SECONDS,
        progress: (samples) => progress(`${program.name}, under load: ${samples.length} pairs`),
      });
      results.push({ program, ...loaded });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}
