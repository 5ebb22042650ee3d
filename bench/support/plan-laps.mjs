/**
 * Pairs of laps of plans, two builds beside each other: a lap is a process (bench/native/plan/lap.cpp), and each side compiles
 * the plan for itself. Every lap of a program takes the same number of records, so many that one takes some 40 ms.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessLog } from '../../examples/support/log-lines.mjs';
import { BATCH, specOf } from './plan-counts.mjs';
import { progress } from './report.mjs';
import { runProcess } from './trials.mjs';

const LAP_SECONDS = 0.04;
const RECORDS_FIRST = 50_000;
const RECORDS_MAX = 1_000_000;
/** A lap that takes this long hangs. */
const LIMIT_SECONDS = 60;

/**
 * Runs pairs of every program.
 *
 * @param {{ a: object, b: object }} builds as buildPlans gives them: b is judged against a
 * @param {{ floor: number, seconds: number }} options `seconds` for each program
 * @returns {Promise<{ program: object, records: number, paired: object }[]>} without the programs that a build refuses
 */
export async function pairPlans(builds, programs, { floor, seconds }) {
  const { runPairs, lapOf } = await import('../../dist/modules/bench/pairs.js');
  const folder = mkdtempSync(join(tmpdir(), 'byteor-laps-'));
  const lines = makeLines();
  const results = [];
  try {
    for (const program of programs.filter(({ larger, structs }) => larger === undefined && !structs)) {
      const specs = { a: specOf(builds.a, program.plan), b: specOf(builds.b, program.plan) };
      if (specs.a === undefined || specs.b === undefined) continue;
      const input = join(folder, 'input.log');
      const lap = (side) => runLap(builds[side], specs[side], program, input, folder);
      const records = await calibrate(lap, (count) => writeFileSync(input, lines.subarray(0, lines.ends[count - 1])));
      const measured = async (side) => {
        const report = await lap(side);
        return { ...lapOf(report), peak_kib: report.peak_kib };
      };
      const paired = await runPairs(measured, {
        floor,
        seconds,
        progress: (pairs) => progress(`${program.name}: ${pairs.length} pairs`),
      });
      results.push({ program, records, paired });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** All lines as bytes, and where each ends. */
function makeLines() {
  const log = new AccessLog();
  const texts = Array.from({ length: RECORDS_MAX }, () => `${log.line()}\n`);
  const bytes = Buffer.from(texts.join(''), 'latin1');
  let end = 0;
  bytes.ends = texts.map((text) => {
    end += text.length;
    return end;
  });
  return bytes;
}

/** How many records make a lap of the length that is wanted; leaves the input with so many. */
async function calibrate(lap, writeInput) {
  writeInput(RECORDS_FIRST);
  await lap('a');
  const { seconds } = await lap('a');
  const records = Math.min(RECORDS_MAX, Math.ceil((RECORDS_FIRST * LAP_SECONDS) / seconds));
  writeInput(records);
  return records;
}

async function runLap(build, spec, { batch = BATCH }, input, folder) {
  const cwd = mkdtempSync(join(folder, 'lap-'));
  const specFile = join(cwd, 'spec');
  writeFileSync(specFile, spec);
  const args = [specFile, String(batch), `in=${input}`, 'out=/dev/null'];
  const { stdout } = await runProcess(build.lap, args, { cwd, limit: LIMIT_SECONDS });
  rmSync(cwd, { recursive: true, force: true });
  return JSON.parse(stdout);
}
