import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteor, temporaryFile, temporaryFolder } from './child.js';
import { GRAPH_PLAN, IDENTITY_PLAN, YAML_PLAN } from './plans.js';

const BAD_PLAN = YAML_PLAN.replace('[keep]', '[kep]').replace('name: errors', 'name: 9');

describe('byteor validate', () => {
  test('says that it is valid, and exits with 0', async () => {
    const plan = temporaryFile('plan.yaml', YAML_PLAN);
    expect(await byteor(['validate', plan])).toEqual({
      code: 0,
      signal: null,
      stdout: `${plan}: valid\n`,
      stderr: '',
    });
  });

  test('prints nothing with --quiet where there are no findings', async () => {
    const plan = temporaryFile('plan.yaml', YAML_PLAN);
    expect(await byteor(['validate', '--quiet', plan])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('prints every error with place, severity, code, excerpt, received and hint, and exits with 1', async () => {
    const plan = temporaryFile('plan.yaml', BAD_PLAN);
    const { code, stdout, stderr } = await byteor(['validate', plan]);
    expect(code).toBe(1);
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      `${plan}:3:7 error FIELD_TYPE The plan: \`name\` must be text, not a number.`,
      '   3 │ name: 9',
      '     │       ^',
      '   received  9',
      expect.stringMatching(/plan\.yaml:14:36 error RING_DEPENDS_UNKNOWN `depends_on` names "kep"/),
      '   14 │     - { stage: total, depends_on: [kep] }',
      '      │                                    ^',
      '   received  "kep"',
      '   hint      Did you mean "keep"?',
      '2 errors',
      '',
    ]);
  });

  test('prints exactly ok and diagnostics with --json', async () => {
    const plan = temporaryFile('plan.yaml', BAD_PLAN);
    const { code, stdout, stderr } = await byteor(['validate', '--json', plan]);
    expect(code).toBe(1);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual(['ok', 'diagnostics']);
    expect(report.ok).toBe(false);
    expect(report.diagnostics[1]).toEqual({
      code: 'RING_DEPENDS_UNKNOWN',
      severity: 'error',
      path: '/single_ring/stages/1/depends_on/0',
      file: plan,
      line: 14,
      column: 36,
      message: expect.stringContaining('"kep"'),
      received: 'kep',
      hint: 'Did you mean "keep"?',
    });
    const fine = await byteor(['validate', '--json', temporaryFile('fine.yaml', YAML_PLAN)]);
    expect(JSON.parse(fine.stdout)).toEqual({ ok: true, diagnostics: [] });
  });

  test('reads standard input as -', async () => {
    expect(await byteor(['validate', '-'], { input: IDENTITY_PLAN })).toMatchObject({
      code: 0,
      stdout: '<stdin>: valid\n',
    });
    const { code, stdout } = await byteor(['validate', '-'], { input: BAD_PLAN });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^<stdin>:3:7 error/);
  });

  test('judges several plans in one run and fails when one has errors', async () => {
    const [good, bad] = [temporaryFile('good.yaml', YAML_PLAN), temporaryFile('bad.yaml', BAD_PLAN)];
    expect(await byteor(['validate', good, good])).toMatchObject({ code: 0, stdout: '2 plans: valid\n' });
    const { code, stdout } = await byteor(['validate', '--json', good, bad]);
    expect(code).toBe(1);
    expect(new Set(JSON.parse(stdout).diagnostics.map(({ file }: { file: string }) => file))).toEqual(new Set([bad]));
  });

  test('accepts a LaneGraph plan that needs the journal', async () => {
    expect(await byteor(['validate', '-'], { input: GRAPH_PLAN })).toMatchObject({ code: 0, stderr: '' });
  });

  test('counts syntax errors as errors of the plan', async () => {
    const { code, stdout } = await byteor(['validate', '-'], { input: 'version: 2\nstages: [\n' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^<stdin>:\d+:\d+ error PLAN_SYNTAX/);
  });
});

describe('bad input', () => {
  test('an empty file is a plan with an error', async () => {
    const { code, stdout } = await byteor(['validate', temporaryFile('plan.yaml', '')]);
    expect(code).toBe(1);
    expect(stdout).toContain('error PLAN_EMPTY');
  });

  test('a binary file is a plan with an error', async () => {
    const { code, stdout } = await byteor(['validate', process.execPath]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/error PLAN_(TOO_LARGE|NOT_TEXT)/);
    const small = await byteor(['validate', temporaryFile('plan.yaml', Buffer.from([0, 1, 2, 255, 254]))]);
    expect(small.code).toBe(1);
    expect(small.stdout).toContain('error PLAN_NOT_TEXT');
  });

  test('a file of 100 MB is refused without being read to its end', async () => {
    const plan = temporaryFile('plan.yaml', Buffer.alloc(100e6, '# no plan is that long\n'));
    const { code, stdout } = await byteor(['validate', plan], { env: { NODE_OPTIONS: '--max-old-space-size=64' } });
    expect(code).toBe(1);
    expect(stdout).toContain('error PLAN_TOO_LARGE The text is longer than the 1048576 characters');
    expect(stdout).toContain('Is this the plan, or the data that it shall process?');
  });

  test('an endless standard input is refused', async () => {
    const { code, stdout } = await byteor(['validate', '-'], { input: Buffer.alloc(20e6, 'a: b\n') });
    expect(code).toBe(1);
    expect(stdout).toContain('error PLAN_TOO_LARGE');
  });

  test('deep nesting is an error of the plan', async () => {
    const { code, stdout } = await byteor(['validate', '-'], { input: '['.repeat(100_000) });
    expect(code).toBe(1);
    expect(stdout).toContain('error PLAN_TOO_DEEP');
  });

  test('terminal escapes in a plan are shown, not obeyed', async () => {
    const { stdout } = await byteor(['validate', '-'], { input: '"na\\u001b[31mme": 1\nversion: 2 # \u009b31m\n' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested.
    expect(stdout).not.toMatch(/[\x1b\x9b]/);
    expect(stdout).toContain('\\u001b[31mme');
  });

  test('a missing file is wrong usage, with the path and a remedy', async () => {
    expect(await byteor(['validate', '/no/such/plan.yaml'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'byteor validate: Cannot read the plan "/no/such/plan.yaml": there is no such file (ENOENT).\n' +
        'Check the path; `-` reads the plan from standard input.\n',
    });
  });

  test('a folder is wrong usage', async () => {
    const { code, stderr } = await byteor(['validate', temporaryFolder()]);
    expect(code).toBe(2);
    expect(stderr).toContain('it is a folder (EISDIR)');
  });

  test('a file without the right to read it is wrong usage', async () => {
    const plan = temporaryFile('plan.yaml', YAML_PLAN);
    chmodSync(plan, 0);
    const { code, stderr, stdout } = await byteor(['validate', plan]);
    // Root reads everything; then the plan is simply fine.
    if (process.getuid?.() === 0) expect({ code, stdout }).toEqual({ code: 0, stdout: `${plan}: valid\n` });
    else expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('permission denied (EACCES)') });
  });

  test('a plan may come out of a FIFO', async () => {
    const fifo = join(temporaryFolder(), 'plan.fifo');
    execFileSync('mkfifo', [fifo]);
    const { code, stdout } = await byteor(['validate', fifo], {
      meanwhile: () => {
        execFileSync('sh', ['-c', 'cat > "$0"', fifo], { input: YAML_PLAN, timeout: 30_000 });
      },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${fifo}: valid\n` });
  });

  test('standard input can be named once', async () => {
    const { code, stderr } = await byteor(['validate', '-', '-'], { input: YAML_PLAN });
    expect(code).toBe(2);
    expect(stderr).toContain('Standard input was named twice.');
  });
});
