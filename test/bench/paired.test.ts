import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.each(['lanes', 'rings'])(
  '%s: a distance that there is not is an error by name, before anything is built',
  (name) => {
    const ended = spawnSync(process.execPath, [`bench/${name}.mjs`, '--at', 'near,nowhere'], {
      cwd: root,
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(ended.stderr + ended.stdout).toContain('there is no distance "nowhere"; there are near, far, same core');
    expect(ended.status).toBe(2);
  },
);
