import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { byteor, byteorChild, type Ended, temporaryFile, temporaryFolder } from './child.js';
import { IDENTITY_PLAN } from './plans.js';

interface Place {
  readonly path: (name: string) => string;
  readonly run: (adapter: string, input: string) => Promise<Ended>;
}

function place(): Place {
  const folder = temporaryFolder();
  const plan = temporaryFile('plan.json', IDENTITY_PLAN);
  return {
    path: (name) => join(folder, name),
    run: (adapter, input) =>
      byteor(['run', plan, '-q', '--ingress', 'in=lines:-', '--egress', `out=${adapter}`], { input }),
  };
}

/** A run that has written one line and waits for more. */
async function writer(adapter: string, file: string): Promise<{ end: () => Promise<void> }> {
  const plan = temporaryFile('plan.json', IDENTITY_PLAN);
  const child = byteorChild(['run', plan, '-q', '--ingress', 'in=lines:-', '--egress', `out=${adapter}`]);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin?.write('first\n');
  while (!readFileSync(file, 'utf8').endsWith('first\n')) await new Promise((resolve) => setTimeout(resolve, 5));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    end: async () => {
      child.stdin?.end('last\n');
      await exited;
    },
  };
}

describe('a file that one run writes', () => {
  test.each(['lines', 'lines+append'])('is refused to a second one with %s, which changes nothing', async (adapter) => {
    const { path, run } = place();
    writeFileSync(path('out'), '');
    const first = await writer(`lines+append:${path('out')}`, path('out'));
    const second = await run(`${adapter}:${path('out')}`, 'second\n');
    expect(second).toMatchObject({ code: 3, stdout: '' });
    expect(second.stderr).toContain(`egress "out" cannot write ${path('out')}: another pipeline`);
    expect(second.stderr).toContain('is writing it, and their lines would be mixed');
    await first.end();
    expect(readFileSync(path('out'), 'utf8')).toBe('first\nlast\n');
  });

  test('is refused under its other names too', async () => {
    const { path, run } = place();
    writeFileSync(path('out'), '');
    linkSync(path('out'), path('hard'));
    symlinkSync(path('out'), path('soft'));
    const first = await writer(`lines:${path('out')}`, path('out'));
    for (const name of ['hard', 'soft'])
      expect((await run(`lines+append:${path(name)}`, 'second\n')).stderr, name).toContain('is writing it');
    await first.end();
    expect(readFileSync(path('out'), 'utf8')).toBe('first\nlast\n');
  });

  test('is free again when that run has ended, also by a signal', async () => {
    const { path, run } = place();
    writeFileSync(path('out'), '');
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const child = byteorChild([
      'run',
      plan,
      '-q',
      '--ingress',
      'in=lines:-',
      '--egress',
      `out=lines+append:${path('out')}`,
    ]);
    child.stdin?.write('first\n');
    while (readFileSync(path('out'), 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(await run(`lines+append:${path('out')}`, 'second\n')).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(path('out'), 'utf8')).toBe('first\nsecond\n');
  });

  test('may be read meanwhile', async () => {
    const { path } = place();
    writeFileSync(path('out'), '');
    const first = await writer(`lines+append:${path('out')}`, path('out'));
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const reader = await byteor(['run', plan, '-q', '--ingress', `in=lines:${path('out')}`, '--egress', 'out=lines:-']);
    expect(reader).toMatchObject({ code: 0, stdout: 'first\n' });
    await first.end();
  });
});

describe('a line without a terminator', () => {
  test.each([
    ['LF', 'one', 'two\n', 'one\ntwo\n'],
    ['nothing', 'one', 'two', 'one\ntwo'],
    ['CR LF', 'one', 'two\r\n', 'one\ntwo\r\n'],
    ['a CR', 'one\r', 'two\n', 'one\r\ntwo\n'],
  ])('is ended before the next run appends one that ends with %s', async (_, first, second, both) => {
    const { path, run } = place();
    for (const input of [first, second]) expect((await run(`lines+append:${path('out')}`, input)).code).toBe(0);
    expect(readFileSync(path('out'), 'utf8')).toBe(both);
  });
});
