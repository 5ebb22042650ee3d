import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VERBS } from '../../lib/cli/program.js';
import { byteor, byteorChild, MAIN, ROOT, temporaryFile } from './child.js';
import { YAML_PLAN } from './plans.js';

const COLOR = '\u001b[';

describe('help', () => {
  test('without arguments prints the help to standard error and exits with 2', async () => {
    const { code, stdout, stderr } = await byteor([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: byteor VERB \[options\]/);
  });

  test('lists every verb and every exit code', async () => {
    const { code, stdout, stderr } = await byteor(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { name } of VERBS) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    for (const exitCode of ['0', '1', '2', '3', '4', '5', '6', '7', '130, 143'])
      expect(stdout).toMatch(new RegExp(`^ {2}${exitCode} +\\w`, 'm'));
  });

  test.each(VERBS.map(({ name }) => name))('%s --help says what it is for, with examples', async (verb) => {
    const { code, stdout, stderr } = await byteor([verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: byteor ${verb} \\[options\\]`));
    expect(stdout).toMatch(/\nExamples:\n {2}byteor |\nExamples:\n.* \| byteor /);
    expect(await byteor(['help', verb])).toMatchObject({ code: 0, stdout });
  });

  test.each([[[]], [['run']]])('%j --help has its titles in bold where colours are wanted', async (verb) => {
    const { stdout } = await byteor([...verb, '--help'], { env: { FORCE_COLOR: '1' } });
    expect(stdout).toContain('\u001b[1mUsage:');
    expect(stdout).toContain('\u001b[1mOptions:');
  });

  test.each(['run', 'replay'])('%s --help names no default of an option that may be repeated', async (verb) => {
    const { stdout } = await byteor([verb, '--help']);
    expect(stdout).toMatch(/--egress <id=adapter>\s/);
    expect(stdout).toContain('(default: 10s)');
    expect(stdout.replaceAll(/\s+/g, ' ')).not.toContain('default: []');
  });

  test('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(await byteor(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  test('the installed command starts by itself', () => {
    expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('wrong usage exits with 2', () => {
  test('an unknown verb is named, with a suggestion', async () => {
    expect(await byteor(['valdate', 'plan.yaml'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "byteor: unknown command 'valdate'\n(Did you mean validate?)\nTry `byteor --help`.\n",
    });
  });

  test('an unknown verb is named also when help about it is asked for', async () => {
    for (const line of [
      ['valdate', '--help'],
      ['help', 'valdate'],
    ])
      expect(await byteor(line)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('validate?') });
  });

  test('an unknown option is named, with a suggestion', async () => {
    expect(await byteor(['validate', '--jsno', 'plan.yaml'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "byteor validate: unknown option '--jsno'\n(Did you mean --json?)\nTry `byteor validate --help`.\n",
    });
  });

  test('a missing argument is named', async () => {
    const { code, stderr } = await byteor(['describe']);
    expect(code).toBe(2);
    expect(stderr).toContain("byteor describe: missing required argument 'plan'");
  });

  test('an argument too many is refused', async () => {
    const { code, stderr } = await byteor(['describe', 'a.yaml', 'b.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('too many arguments');
  });

  test('a size that is none is refused with what a size is', async () => {
    const { code, stderr } = await byteor(['describe', 'a.yaml', '--record-max', '12 parsecs']);
    expect(code).toBe(2);
    expect(stderr).toContain("argument '12 parsecs' is invalid");
    expect(stderr).toContain('KiB, MiB, GiB');
  });
});

describe('colours', () => {
  const bad = () => temporaryFile('plan.yaml', YAML_PLAN.replace('[keep]', '[kep]'));

  test('are left out where no terminal is', async () => {
    expect((await byteor(['validate', bad()])).stdout).not.toContain(COLOR);
  });

  test('can be forced', async () => {
    expect((await byteor(['validate', bad()], { env: { FORCE_COLOR: '1' } })).stdout).toContain(COLOR);
  });

  test('are left out for NO_COLOR, which wins over FORCE_COLOR', async () => {
    const env = { FORCE_COLOR: '1', NO_COLOR: '1' };
    expect((await byteor(['validate', bad()], { env })).stdout).not.toContain(COLOR);
  });
});

describe('the reader of standard output', () => {
  test('may go away: exit code 0, not a word', async () => {
    const child = byteorChild(['schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('may be full: a sentence and exit code 3', async () => {
    const { openSync, closeSync } = await import('node:fs');
    const full = openSync('/dev/full', 'w');
    try {
      const { code, stderr } = await byteor(['schema'], { stdio: ['pipe', full, 'pipe'] });
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: 'byteor: Cannot write to standard output: no space left on device (ENOSPC).\n',
      });
    } finally {
      closeSync(full);
    }
  });
});
