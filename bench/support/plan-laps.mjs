/**
 * Pairs of plans, two builds beside each other: a process of either (bench/native/plan/lap.cpp), and each side compiles the plan
 * for itself. Every lap of a program takes the same number of records, so many that one takes some 12 ms: that is shorter than
 * the CPUs of a virtual machine stay where they are.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessLog } from '../../examples/support/log-lines.mjs';
import { BATCH } from './plan-counts.mjs';
import { endsOf, plannedOf } from './planned.mjs';
import { progress } from './report.mjs';

const LAP_SECONDS = 0.012;
const RECORDS_FIRST = 50_000;
const RECORDS_MAX = 900_000;
/** Of the largest lap, and some more. */
const LINES = 1_000_000;
/** A pair that takes this long hangs. */
const LIMIT_SECONDS = 60;

/**
 * Runs pairs of every program.
 *
 * @param {{ a: object, b: object }} builds as buildPlans gives them: b is judged against a
 * @param {{ floor: number, seconds: number, more?: number }} options `seconds` for each program; `more`: b gets so many more
 *   records, as a share, for proofs of the verdict
 * @returns {Promise<{ program: object, records: number, paired: object }[]>} without the programs that a build refuses
 */
export async function pairPlans(builds, programs, { floor, seconds, more = 0 }) {
  const { runPairs, lapOf, lapsPerPair } = await import('../../dist/modules/bench/pairs.js');
  const { lineProcess } = await import('../../dist/modules/bench/line-process.js');
  const folder = mkdtempSync(join(tmpdir(), 'byteor-laps-'));
  const lines = makeLines();
  const results = [];
  try {
    const timed = programs.filter(({ larger, structs }) => larger === undefined && !structs);
    for (const program of timed) {
      const ends = endsOf(program.plan, (id) => id !== 'out');
      const [a, b] = [builds.a, builds.b].map((build) => plannedOf(build, program.plan, { ends }));
      const specs = { a, b };
      if (specs.a === undefined || specs.b === undefined) continue;
      // Names of one length: the arguments of a process move its stack.
      const inputs = { a: join(folder, 'input-a.log'), b: join(folder, 'input-b.log') };
      const writeInputs = (count) => {
        writeFileSync(inputs.a, lines.subarray(0, lines.ends[count - 1]));
        writeFileSync(inputs.b, lines.subarray(0, lines.ends[Math.round(count * (1 + more)) - 1]));
      };
      const start = async (side) => {
        const { cwd, args } = placeOf(specs[side], program, inputs[side], folder);
        const { ask, end } = lineProcess(builds[side].lap, args, {
          cwd,
          signal: AbortSignal.timeout(LIMIT_SECONDS * 1000),
        });
        const lap = async () => {
          const report = JSON.parse(await ask());
          return { ...lapOf(report), peak_kib: report.peak_kib };
        };
        return { lap, end: () => end().finally(() => rmSync(cwd, { recursive: true, force: true })) };
      };
      const calibrated = await calibrate(start, writeInputs);
      const paired = await runPairs(start, {
        floor,
        seconds,
        programs: timed.length,
        laps: lapsPerPair(2 * calibrated.seconds),
        progress: (samples) => progress(`${program.name}: ${samples.length} pairs`),
      });
      results.push({ program, records: calibrated.records, paired });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** All lines as bytes, and where each ends. */
function makeLines() {
  const log = new AccessLog();
  const texts = Array.from({ length: LINES }, () => `${log.line()}\n`);
  const bytes = Buffer.from(texts.join(''), 'latin1');
  let end = 0;
  bytes.ends = texts.map((text) => {
    end += text.length;
    return end;
  });
  return bytes;
}

/** How many records make a lap of the length that is wanted, and what it takes; leaves the input with so many. */
async function calibrate(start, writeInput) {
  const least = async (records) => {
    writeInput(records);
    const process = await start('a');
    try {
      const laps = [await process.lap(), await process.lap(), await process.lap()];
      return Math.min(...laps.map(({ seconds }) => seconds));
    } finally {
      await process.end();
    }
  };
  const records = Math.min(RECORDS_MAX, Math.ceil((RECORDS_FIRST * LAP_SECONDS) / (await least(RECORDS_FIRST))));
  return { records, seconds: await least(records) };
}

/** A folder and the arguments of a process. */
function placeOf(spec, { batch = BATCH }, input, folder) {
  const cwd = mkdtempSync(join(folder, 'pair-'));
  const specFile = join(cwd, 'spec');
  writeFileSync(specFile, spec);
  return { cwd, args: [specFile, String(batch), `in=${input}`, 'out=/dev/null'] };
}
