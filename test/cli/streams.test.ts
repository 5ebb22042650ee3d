import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteor, MAIN, temporaryFile, temporaryFolder } from './child.js';
import { IDENTITY_PLAN } from './plans.js';

interface ShellEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line as a shell runs it; `byteor` in it is the built command, `$PLAN` an identity plan, in.txt has a line. */
function shell(line: string, folder = temporaryFolder()): Promise<ShellEnd> {
  const plan = join(folder, 'plan.json');
  writeFileSync(plan, IDENTITY_PLAN);
  writeFileSync(join(folder, 'in.txt'), 'a line\n');
  const env = { ...process.env, NODE: process.execPath, MAIN, PLAN: plan };
  const script = `byteor() { "$NODE" "$MAIN" "$@"; }; ${line}`;
  return new Promise((resolve) => {
    const child = execFile('sh', ['-c', script], { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const linux = process.platform === 'linux';

describe.runIf(linux)('a standard stream that was closed before the start', () => {
  test.each([
    ['records from it', 'byteor run "$PLAN" --ingress in=lines:- --egress out=lines:out.txt <&-', 'input'],
    ['records to it', 'byteor run "$PLAN" --ingress in=lines:in.txt --egress out=lines:- >&-', 'output'],
    [
      'records to it, with standard error closed too',
      'byteor run "$PLAN" --ingress in=lines:in.txt --egress out=lines:- >&- 2>&-',
      '',
    ],
    ['a plan from it', 'byteor validate - <&-', 'input'],
    ['a plan to run from it', 'byteor run - --ingress in=lines:in.txt --egress out=discard <&-', 'input'],
    ['facts to it', 'byteor validate "$PLAN" >&-', 'output'],
    ['a summary to it', 'byteor run "$PLAN" --ingress in=lines:in.txt --egress out=discard >&-', 'output'],
    ['JSON to it', 'byteor run "$PLAN" --ingress in=lines:in.txt --egress out=discard -q --json >&-', 'output'],
    ['help to it', 'byteor run --help >&-', 'output'],
    ['the version to it', 'byteor --version >&-', 'output'],
    ['a buffer to it', 'byteor compile "$PLAN" --out - >&-', 'output'],
  ])('is wrong usage: %s', async (_, line, stream) => {
    const { code, stdout, stderr } = await shell(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    if (stream !== '') expect(stderr).toContain(`Standard ${stream} was closed before byteor started.`);
  });

  test('ends a run before an output is emptied', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'out.txt'), 'kept\n');
    expect((await shell('byteor run "$PLAN" --ingress in=lines:- --egress out=lines:out.txt <&-', folder)).code).toBe(
      2,
    );
    expect(
      (await shell('byteor run "$PLAN" --ingress in=lines:/dev/null --egress out=lines:out.txt >&-', folder)).code,
    ).toBe(2);
    expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe('kept\n');
  });

  test.each([
    ['nothing reads it', 'byteor run "$PLAN" --ingress in=lines:in.txt --egress out=discard <&-'],
    ['nothing is written to it', 'byteor run "$PLAN" --ingress in=lines:in.txt --egress out=discard -q >&-'],
    ['it is standard error, and there is nothing to say', 'byteor validate "$PLAN" 2>&-'],
    ['it was sent to /dev/null instead', 'byteor validate - < "$PLAN" >/dev/null'],
    [
      'records come from /dev/null',
      'byteor run "$PLAN" --ingress in=lines:- --egress out=lines:- </dev/null >/dev/null',
    ],
    ['only the exit code is wanted', 'byteor validate "$PLAN" >&- 2>&-'],
  ])('is no matter where %s', async (_, line) => {
    expect((await shell(line)).code).toBe(0);
  });

  test('a parent that ignores all streams gets the exit code of the verb', async () => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    expect((await byteor(['validate', plan], { stdio: 'ignore' })).code).toBe(0);
    expect((await byteor(['validate', temporaryFile('bad.json', '{}')], { stdio: 'ignore' })).code).toBe(1);
  });

  test('a reader that goes away later is not an error', async () => {
    const input = join(temporaryFolder(), 'in');
    writeFileSync(input, 'a line of the input\n'.repeat(200_000));
    const run = `byteor run "$PLAN" --ingress in=lines:${input} --egress out=lines:-`;
    expect(await shell(`{ ${run}; echo "code $?" >&2; } | head -1`)).toEqual({
      code: 0,
      stdout: 'a line of the input\n',
      stderr: 'code 0\n',
    });
    expect(await shell('byteor schema | head -c 1 > /dev/null')).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('what made a run fail', () => {
  const tooLong = ['--ingress', 'in=lines:-', '--egress', 'out=discard', '--record-max', '8'];
  const reason =
    /^byteor run: "in" failed at sequence 1[^\n]*: line 2 of standard input .* more than the record maximum of 8/m;

  test.each([
    ['the summary is printed', []],
    ['there is no summary', ['-q']],
    ['facts are JSON', ['--json']],
    ['there is JSON only', ['-q', '--json']],
    ['counts are checked', ['--assert-conserved']],
  ])('is said on standard error when %s', async (_, options) => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const { code, stderr } = await byteor(['run', plan, ...tooLong, ...options], { input: 'short\nmuch too long\n' });
    expect(code).toBe(3);
    expect(stderr).toMatch(reason);
  });

  test('is said once where the summary goes to standard error', async () => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const args = ['run', plan, '--ingress', 'in=lines:-', '--egress', 'out=lines:-', '--record-max', '8'];
    const { code, stdout, stderr } = await byteor(args, { input: 'short\nmuch too long\n' });
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'short\n' });
    expect(stderr.match(/more than the record maximum/g)).toHaveLength(1);
  });

  test.runIf(existsSync('/dev/full'))('is said also when the disk of the summary is full', async () => {
    const { code, stderr } = await shell(
      'printf "short\\nmuch too long\\n" | byteor run "$PLAN" --ingress in=lines:- --egress out=discard --record-max 8 >/dev/full',
    );
    expect(code).toBe(3);
    expect(stderr).toMatch(reason);
  });
});

describe('a duration', () => {
  const run = (deadline: string) => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    return byteor(['run', plan, '--ingress', 'in=lines:-', '--egress', 'out=discard', '-q', '--deadline', deadline]);
  };

  test('without a unit is refused, with what could be meant', async () => {
    const { code, stderr } = await run('10');
    expect(code).toBe(2);
    expect(stderr).toContain("'10' is invalid. It has no unit. Write 10ms, 10s or 10m (minutes).");
  });

  test.each(['10ms', '10s', '1m', '0'])('of %s is taken', async (deadline) => {
    expect(await run(deadline)).toMatchObject({ code: 0, stderr: '' });
  });
});
