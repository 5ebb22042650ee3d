/**
 * `npm run demo`: makes a large access log, runs examples/access-log.yaml over it as `byteor run` does, and compares the
 * result with what the maker of the log has counted. Exit code 0 only when everything agrees.
 *
 *   npm run demo [-- --megabytes N] [--keep] [--plan FILE]
 *
 * --keep leaves log and output where they are; --plan runs another plan with the same ids, which then fails the comparison
 * unless it does the same.
 */

import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadPlan } from '../dist/cli/load-plan.js';
import { startProgress } from '../dist/cli/run/progress.js';
import { runFacts } from '../dist/cli/run/result.js';
import { readStatus } from '../dist/cli/run/status.js';
import { summaryText } from '../dist/cli/run/summary.js';
import { openTerminal } from '../dist/cli/terminal.js';
import { compile, open } from '../dist/index.js';
import { crc32c } from './support/crc32c.mjs';
import { writeLines } from './support/line-file.mjs';
import { AccessLog } from './support/log-lines.mjs';

const PLAN = fileURLToPath(new URL('access-log.yaml', import.meta.url));
const MB = 1e6;
/** Some seconds to make, one to run; more says nothing new. */
const LOG_MB = 600;
/** Input, output and something to spare, in logs. */
const ROOM = 2.2;
const CLEAR = '\r\u001b[2K';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: String(LOG_MB) },
    keep: { type: 'boolean', default: false },
    plan: { type: 'string', default: PLAN },
  },
});
const { out, err } = openTerminal();
const grouped = (value) => value.toLocaleString('en-US');

/** A folder of our own that is gone when the process is, however it ends. */
function scratchFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-demo-'));
  process.on('exit', () => {
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => process.exit(code));
  return folder;
}

/** The bytes that were asked for, or what fits where the log has to lie. */
function logBytes(folder) {
  const asked = Number(values.megabytes) * MB;
  if (!(asked >= MB)) {
    err.line(`npm run demo: --megabytes ${values.megabytes} is no size; give a number of megabytes from 1 on.`);
    process.exit(2);
  }
  const { bavail, bsize } = statfsSync(folder);
  const room = Math.floor((bavail * bsize) / ROOM);
  if (room >= asked) return asked;
  if (room < MB) {
    err.line(`npm run demo: ${tmpdir()} has no room for a log; set TMPDIR to a folder that has.`);
    process.exit(5);
  }
  err.line(`${tmpdir()} has room for a log of ${Math.floor(room / MB)} MB only.`);
  return room;
}

/** Makes the log and counts what the plan must find: of the lines that are no health checks, those of each status. */
async function makeLog(path, bytes) {
  const log = new AccessLog();
  const statuses = new Map();
  const hash = createHash('sha256');
  const pass = Buffer.allocUnsafe(8 << 20);
  let [held, kept, crc] = [0, 0, 0];
  const onLine = (block, from, to) => {
    if (log.healthCheck) return;
    statuses.set(log.status, (statuses.get(log.status) ?? 0) + 1);
    crc = crc32c(crc, block, from, to);
    held += block.copy(pass, held, from, to + 1);
    kept++;
  };
  const onBlock = async (written) => {
    hash.update(pass.subarray(0, held));
    held = 0;
    if (err.isTty) err.write(`${CLEAR}making an access log  ${Math.round((written / bytes) * 100)} %`);
    // A signal is heard between two blocks.
    await turn();
  };
  const { lines, bytes: made } = await writeLines(path, bytes, () => log.line(), onLine, onBlock);
  if (err.isTty) err.write(CLEAR);
  return { lines, bytes: made, kept, statuses, crc, sha256: hash.digest('hex') };
}

/** The plan over the log, as `byteor run` opens it, watches it and waits for its end. */
async function runPlan(input, output) {
  const plan = await loadPlan(values.plan, false, { out, err });
  if (plan === undefined) process.exit(1);
  const version = compile(plan);
  const adapters = { log: `lines:${input}`, kept: `lines:${output}` };
  const start = performance.now();
  const pipeline = open(version, { ports: { log: { lines: input }, kept: { lines: output } } });
  const progress = startProgress(pipeline, ['log'], err);
  const ledger = await pipeline.finished().finally(() => progress.end());
  const seconds = (performance.now() - start) / 1000;
  const status = readStatus(pipeline);
  const run = { ledger, status, journals: {}, reports: pipeline.reports(), seconds, signal: undefined };
  const facts = runFacts(run);
  out.line(summaryText(run, facts, { plan, id: version.id, adapters, colors: out.colors, verbose: true }));
  return facts;
}

async function sha256Of(path) {
  const hash = createHash('sha256');
  for await (const block of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(block);
  return hash.digest('hex');
}

/** Each claim with what was found and what the maker of the log expects. */
async function claims(facts, expected, output) {
  const counted = facts.stages['by-status'].keys;
  const statuses = (entries) =>
    [...entries]
      .sort()
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ');
  return [
    ['records read', facts.records_in, expected.lines],
    ['bytes read', facts.bytes_in, expected.bytes],
    ['health checks dropped', facts.ledger.stages['no-health-checks'].filtered, expected.lines - expected.kept],
    ['records written', facts.records_out, expected.kept],
    ['records of each status', statuses(Object.entries(counted)), statuses(expected.statuses)],
    ['CRC-32C of the records', facts.stages.sum.crc32c.join(), expected.crc.toString(16).padStart(8, '0')],
    ['SHA-256 of the output file', await sha256Of(output), expected.sha256],
    ['ledger balanced', facts.ledger.balanced, true],
  ];
}

function report(checked) {
  const { green, red } = out.colors;
  const wrong = checked.filter(([, found, expected]) => found !== expected);
  for (const [what, found, expected] of wrong)
    out.line(`  ${red('✗')} ${what}: found ${found}, but the maker of the log counted ${expected}`);
  if (wrong.length === 0) out.line(`${green('✓ verified')}: ${checked.map(([what]) => what).join(', ')}`);
  return wrong.length === 0;
}

async function main() {
  const folder = scratchFolder();
  const [input, output] = [join(folder, 'access.log'), join(folder, 'kept.log')];
  const bytes = logBytes(folder);
  const start = performance.now();
  const expected = await makeLog(input, bytes);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  out.line(
    `An access log of ${grouped(expected.lines)} lines, ${Math.round(expected.bytes / MB)} MB (made in ${seconds} s). Now:\n` +
      `byteor run ${relative(process.cwd(), values.plan)} --ingress log=lines:${input} --egress kept=lines:${output}\n`,
  );
  const facts = await runPlan(input, output);
  const good = report(await claims(facts, expected, output));
  if (values.keep) out.line(`kept: ${folder}`);
  if (!good) process.exitCode = 1;
}

await main();
