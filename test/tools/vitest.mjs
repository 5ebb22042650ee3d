/** Running vitest and reading its counts. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './process.mjs';

/**
 * Runs vitest over all tests, or over the files named; it streams its own report, and the counts come from its JSON twin.
 *
 * @param {{ files?: string[], env?: Record<string, string>, seconds?: number }} options
 */
export async function vitest({ files = [], env = {}, seconds = 1800 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-vitest-'));
  const report = join(folder, 'report.json');
  try {
    const args = ['run', ...files, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const ended = await run('vitest', args, { env, seconds });
    return countVitest(report, ended);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countVitest(report, ended) {
  let totals;
  try {
    totals = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, leftOut: [], note: `no report: ${ended.reason}` };
  }
  const tests = totals.testResults.flatMap((file) => file.assertionResults);
  const leftOut = tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => `${test.fullName} (${test.status})`);
  // A file that does not even load, and an error outside any test, fail without a failed test.
  const brokenFiles = totals.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const named = totals.numFailedTests + brokenFiles;
  const failed = named === 0 && !ended.ok ? 1 : named;
  return { passed: totals.numPassedTests, failed, leftOut, note: ended.ok ? '' : ended.reason };
}
