import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.each([
  [['--only', 'no such plan'], '--only no such plan: no plan of bench/plans.mjs has that in its name'],
  [['--seconds', 'soon'], '--seconds soon: give a positive number'],
  [['--floor', '-1'], '--floor'],
  [['--accept', 'because'], '--accept takes the reason why these counts are right, in words'],
  [['--accept', 'the ring has one store less', '--only', 'ring'], '--accept takes all plans: leave --only out'],
  [['--against', 'no-such-commit'], '--against no-such-commit: there is no such commit'],
  [['--faster'], "Unknown option '--faster'"],
])('bench:native %j is refused before anything is built', (args, says) => {
  const ended = spawnSync(process.execPath, ['bench/native.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(ended.stderr + ended.stdout).toContain(says);
  expect(ended.status).toBe(2);
});
