import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.each([
  ['lanes', ['--at', 'near,nowhere'], 'there is no distance "nowhere"; there are near, far, same core'],
  ['rings', ['--at', 'elsewhere'], 'there is no distance "elsewhere"; there are near, far, same core'],
  ['lanes', ['--minutes', 'ten'], '--minutes ten: give a positive number'],
  ['rings', ['--trials', '0'], '--trials 0: give a positive number'],
])('%s %j is refused before anything is built', (name, args, says) => {
  const ended = spawnSync(process.execPath, [`bench/${name}.mjs`, ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(ended.stderr + ended.stdout).toContain(says);
  expect(ended.status).toBe(2);
});
