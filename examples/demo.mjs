/**
 * `npm run demo`: the main job on a large generated access log, through the command line as any user would run it, and
 * then a check of what it printed against what the generator knows. Exit code 0 when every count agrees.
 *
 *   node examples/demo.mjs [--megabytes N] [--keep]
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { megabytes: { type: 'string', default: '300' }, keep: { type: 'boolean', default: false } },
});
const megabytes = Number(values.megabytes);
if (!(megabytes >= 1 && megabytes <= 10_000)) {
  process.stderr.write(`--megabytes is ${values.megabytes}; give 1 to 10000\n`);
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const PLAN = join(root, 'examples/access-log.yaml');
const CLI = join(root, 'dist/cli/main.js');
/** Distinct lines; the log repeats them, so that making it does not take longer than the demo. */
const BLOCK_LINES = 50_000;
const STATUSES = ['200', '200', '200', '200', '200', '200', '301', '304', '404', '500'];

/** Numbers that look random and are the same every time (a linear congruential generator; Numerical Recipes). */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A block of lines and what it holds: lines, health checks, and kept lines by status. */
function makeBlock() {
  const random = numbers(2026);
  const byStatus = {};
  let health = 0;
  let text = '';
  for (let i = 0; i < BLOCK_LINES; i++) {
    const two = (value) => String(value).padStart(2, '0');
    const time = `${two(random(24))}:${two(random(60))}:${two(random(60))}`;
    const isHealth = random(12) === 0;
    const path = isHealth ? '/health' : `/items/${random(100_000)}?page=${random(50)}`;
    const status = isHealth ? '200' : STATUSES[random(STATUSES.length)];
    if (isHealth) health++;
    else byStatus[status] = (byStatus[status] ?? 0) + 1;
    text +=
      `10.${random(256)}.${random(256)}.${random(256)} - - [23/Nov/2026:${time} +0000] ` +
      `"GET ${path} HTTP/1.1" ${status} ${random(90_000)} "-" "Mozilla/5.0 (X11; Linux x86_64)"\n`;
  }
  return { bytes: Buffer.from(text, 'latin1'), health, byStatus };
}

function writeLog(path, block) {
  const blocks = Math.max(1, Math.round((megabytes * 1e6) / block.bytes.length));
  const file = openSync(path, 'w');
  for (let i = 0; i < blocks; i++) for (let at = 0; at < block.bytes.length; ) at += writeSync(file, block.bytes, at);
  closeSync(file);
  return blocks;
}

/** Runs the command line; with `capture` its standard output comes back as text. */
async function byteor(args, capture) {
  const child = spawn(process.execPath, [CLI, 'run', PLAN, '--assert-conserved', ...args], {
    cwd: root,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`byteor run ended with ${signal ?? `exit code ${code}`}`);
  return text;
}

/** What does not agree with the generator, one sentence each. */
function disagreements(summary, block, blocks, keptPath) {
  const lines = BLOCK_LINES * blocks;
  const kept = (BLOCK_LINES - block.health) * blocks;
  const wrong = [];
  const expect = (what, received, wanted) => {
    if (received !== wanted) wrong.push(`${what}: byteor says ${received}, the generator knows ${wanted}`);
  };
  expect('records in', summary.records_in, lines);
  expect('records out', summary.records_out, kept);
  expect('health checks filtered', summary.ledger.stages['no-health-checks'].filtered, block.health * blocks);
  for (const [status, count] of Object.entries(block.byStatus))
    expect(`status ${status}`, summary.stages['by-status'].keys[status], count * blocks);
  const output = readFileSync(keptPath);
  let newlines = 0;
  for (let at = output.indexOf(10); at !== -1; at = output.indexOf(10, at + 1)) newlines++;
  expect('lines written', newlines, kept);
  expect('health checks written', output.includes('"GET /health'), false);
  return wrong;
}

const folder = mkdtempSync(join(tmpdir(), 'byteor-demo-'));
try {
  const log = join(folder, 'access.log');
  const kept = join(folder, 'kept.log');
  const block = makeBlock();
  const blocks = writeLog(log, block);
  const size = Math.round(statSync(log).size / 1e6);
  process.stdout.write(
    `An access log of ${size} MB, ${(BLOCK_LINES * blocks).toLocaleString('en')} lines, goes through\n\n`,
  );
  await byteor(['--ingress', `log=lines:${log}`, '--egress', `kept=lines:${kept}`], false);
  const again = await byteor(['--ingress', `log=lines:${log}`, '--egress', 'kept=discard', '--json'], true);
  const wrong = disagreements(JSON.parse(again), block, blocks, kept);
  for (const sentence of wrong) process.stdout.write(`✗ ${sentence}\n`);
  if (wrong.length === 0)
    process.stdout.write(
      '\n✓ Every count agrees with what the generator knows: lines in, kept, filtered, by status, written.\n',
    );
  process.exitCode = wrong.length === 0 ? 0 : 1;
  if (values.keep) process.stdout.write(`The log and what was kept are in ${folder}\n`);
} finally {
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
}
