import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheFor, command, copyCheckout, ended, type Outcome } from '../package/checkout.js';

/**
 * What has to be touched to add an adapter, proven by doing it: a patch that a contributor could send is applied to a copy of the
 * checkout, library and addon are built there, and its tests run. A list that grows here is a door that closes.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const PATCH = join(root, 'test/doors/adapter.patch');

/** Each path that changes, and why. */
const CHANGES: Readonly<Record<string, string>> = {
  'lib/adapter/registry.ts': 'its row',
  'lib/adapter/trial/trial.ts': 'its folder: the types of its ports, its keys, its help',
  'native/adapter/registry.cpp': 'its row',
  'native/adapter/trial/trial.cpp': 'its folder: a source and a sink of batches',
  'native/adapter/trial/trial.hpp': 'its folder',
  'native/sources.json': 'the list of sources',
  'test/adapter/trial.test.ts': 'its tests',
};

/** The tests of a patch, and the one that holds the two tables together. */
const TESTS = ['test/adapter/trial.test.ts', 'test/adapter/registry.test.ts'];

describe('an adapter for both sides', () => {
  let copy: string;
  let ran: Outcome;
  beforeAll(async () => {
    copy = copyCheckout();
    for (const part of ['test/adapter', 'test/cli', 'test/support'])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    await command('git', ['apply', PATCH], { cwd: copy });
    await command('npm', ['run', '-s', 'build:lib'], { cwd: copy });
    await command('npm', ['run', '-s', 'build:native'], { cwd: copy, env: { ...process.env, ...cacheFor(copy) } });
    const config = join(copy, 'vitest.trial.config.mjs');
    writeFileSync(config, "export default { test: { include: ['test/**/*.test.ts'], pool: 'forks' } };\n");
    // The one that runs us has told its children what they are, and to print in colours.
    const told = /^(VITEST|FORCE_COLOR)/;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !told.test(name)));
    const runner = ['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...TESTS];
    ran = await ended(process.execPath, runner, { cwd: copy, env: { ...env, NO_COLOR: '1' } });
  }, 900_000);
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  test('touches only its two folders, its row in two tables, tests and the list of sources', async () => {
    const listed = await command('git', ['apply', '--numstat', PATCH], { cwd: root });
    expect(
      listed
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[2]),
    ).toEqual(Object.keys(CHANGES).sort());
  });

  test('is built, and passes its own tests in a program, on the command line and beside the others', () => {
    expect(ran, `${ran.stdout}${ran.stderr}`).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/Test Files {2}2 passed/);
  });
});
