import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import picocolors from 'picocolors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeholderOf } from '../../lib/cli/completion/complete.js';
import { SOURCES } from '../../lib/cli/completion/values.js';
import { runCommandLine, VERBS } from '../../lib/cli/program.js';
import { SHELLS } from '../../lib/cli/shell-scripts.js';
import type { Terminal } from '../../lib/cli/terminal.js';
import type { VerbContext } from '../../lib/cli/verb.js';
import { CODES } from '../../lib/validate/codes.js';
import { byteor, temporaryFolder } from './child.js';
import { YAML_PLAN } from './plans.js';
import { fishCandidates, hasShell, typed } from './shell-session.js';

interface Told {
  readonly flags: string;
  readonly prefix: string;
  readonly values: readonly string[];
}

/** What a command line prints. */
async function printedBy(args: readonly string[]): Promise<string> {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const channel = {
    colors: picocolors.createColors(false),
    columns: 80,
    isTty: false,
    write,
    line: (more: string) => write(`${more}\n`),
  };
  const terminal = { out: channel, err: channel } as unknown as Terminal;
  expect(await runCommandLine(args, terminal)).toBe(0);
  return text;
}

/** What the script of a shell is told about these words, the last at the cursor. */
async function told(...words: string[]): Promise<Told> {
  const text = await printedBy(['completion', 'bash', '--', ...words]);
  const [flags = '', prefix = '', ...candidates] = text.split('\n').slice(0, -1);
  return { flags, prefix, values: candidates.map((candidate) => candidate.split('\t')[0] as string) };
}

/** A plan in a folder of its own. */
function planFile(text = YAML_PLAN): string {
  const path = join(temporaryFolder(), 'plan.yaml');
  writeFileSync(path, text);
  return path;
}

describe('what may stand at the cursor', () => {
  test('of an empty line is every verb, and help', async () => {
    const { values } = await told('');
    expect(values).toEqual([...VERBS.map(({ name }) => name), 'help']);
  });

  test('of the start of a verb is what begins so', async () => {
    expect((await told('va')).values).toEqual(['validate']);
    expect((await told('help', 'd')).values).toEqual(['describe', 'dot', 'diff', 'dead-letters', 'doctor']);
  });

  test('of a verb that there is not is nothing', async () => {
    expect(await told('valdate', '')).toEqual({ flags: '', prefix: '', values: [] });
  });

  test.each(VERBS.map(({ name }) => name))('of %s are all options that its help lists', async (verb) => {
    const help = await printedBy([verb, '--help']);
    const listed = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
    expect((await told(verb, '--')).values).toEqual(listed);
  });

  test('is no option that was given, nor one that contradicts it', async () => {
    const { values } = await told('compile', '--text', '--');
    expect(values).toContain('--out');
    expect(values).not.toContain('--text');
    expect(values).not.toContain('--json');
  });

  test('is an option again where it may be given more than once', async () => {
    expect((await told('run', 'p', '--ingress', 'in=lines:a', '--in')).values).toEqual(['--ingress']);
  });

  test('is the choice of an option, behind a blank and behind an equals sign', async () => {
    const waits = ['profile', 'adaptive', 'spin', 'yield', 'park'];
    expect(await told('run', 'p', '--wait', '')).toEqual({ flags: '', prefix: '', values: waits });
    expect(await told('run', 'p', '--wait=s')).toEqual({ flags: '', prefix: '--wait=', values: ['spin'] });
  });

  test('is no file where a number or a size is wanted', async () => {
    for (const option of ['--threads', '--capacity', '--deadline'])
      expect(await told('run', 'p', option, '')).toEqual({ flags: '', prefix: '', values: [] });
  });

  test('is a plan, a file or a folder where one is wanted', async () => {
    expect((await told('run', '')).flags).toBe('plans');
    expect((await told('diff', 'a.yaml', '')).flags).toBe('plans');
    expect((await told('validate', 'a.yaml', 'b.yaml', '')).flags).toBe('plans');
    expect((await told('compile', 'p', '--out', '')).flags).toBe('files');
    expect((await told('run', 'p', '--journal', '')).flags).toBe('folders');
  });

  test('behind all arguments is the next option', async () => {
    const { flags, values } = await told('dot', 'plan.yaml', '');
    expect({ flags, values }).toEqual({ flags: '', values: ['--help'] });
  });

  test('behind -- is no option', async () => {
    expect((await told('dot', '--', '-')).flags).toBe('plans');
    expect((await told('dot', '--', 'plan.yaml', '')).values).toEqual([]);
  });

  test('is a boundary of the plan that the line names, then an adapter, then a path', async () => {
    const plan = planFile();
    expect(await told('run', plan, '--ingress', '')).toEqual({ flags: 'open', prefix: '', values: ['in='] });
    expect(await told('run', plan, '--egress=')).toEqual({ flags: 'open', prefix: '--egress=', values: ['out='] });
    const adapters = ['lines:', 'lines+append:', 'discard'];
    expect(await told('run', plan, '--egress', 'out=')).toEqual({ flags: 'open', prefix: 'out=', values: adapters });
    expect(await told('run', plan, '--egress', 'out=lines:x')).toEqual({
      flags: 'files',
      prefix: 'out=lines:',
      values: [],
    });
    expect((await told('run', plan, '--egress', 'out=discard:')).flags).toBe('');
    expect((await told('replay', plan, '--ingress', '')).values).toEqual(['in', 'in=']);
  });

  test('is a folder behind the adapter that wants one', async () => {
    expect(await told('run', planFile(), '--ingress', 'in=replay:j')).toEqual({
      flags: 'folders',
      prefix: 'in=replay:',
      values: [],
    });
  });

  test('of --set is a boundary, then a key of its side, then its words', async () => {
    const plan = planFile();
    expect(await told('run', plan, '--set', '')).toEqual({ flags: 'open', prefix: '', values: ['in.', 'out.'] });
    expect((await told('run', plan, '--set', 'out.')).values).toEqual(['path=', 'append=']);
    expect(await told('run', plan, '--set', 'in.pace=')).toEqual({
      flags: '',
      prefix: 'in.pace=',
      values: ['fast', 'recorded'],
    });
    expect((await told('run', plan, '--set', 'out.append=t')).values).toEqual(['true']);
    expect((await told('run', plan, '--set', 'nowhere.')).values).toEqual([]);
    expect((await told('run', plan, '--ends', '')).flags).toBe('files');
  });

  test('is a boundary also of a plan that has errors', async () => {
    const plan = planFile(YAML_PLAN.replace('[keep]', '[kep]'));
    expect((await told('run', plan, '--ingress', '')).values).toEqual(['in=']);
  });

  test('is nothing of a plan that cannot be read, and nothing waits for a FIFO', async () => {
    const fifo = join(temporaryFolder(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const plan of ['/nowhere.yaml', fifo, '/', '-'])
      expect((await told('run', plan, '--ingress', '')).values).toEqual([]);
  });

  test('is a code or a rule to explain', async () => {
    const { values } = await told('explain', '');
    expect(values).toEqual(expect.arrayContaining([...Object.keys(CODES), 'MERGE_FAN_IN']));
  });

  test('is a shell for completion', async () => {
    expect((await told('completion', '')).values).toEqual([...SHELLS]);
  });

  test('every placeholder of every verb has a source of values', async () => {
    const context = { ends: () => async () => {} } as unknown as VerbContext;
    const wanting = await Promise.all(
      VERBS.map(async ({ name, load }) => {
        const command = new Command(name);
        (await load()).define(command, context);
        const options = command.options.filter(({ required, argChoices }) => required && argChoices === undefined);
        const args = command.registeredArguments.filter(({ argChoices }) => argChoices === undefined);
        return [...options.map(placeholderOf), ...args.map((argument) => argument.name())];
      }),
    );
    expect(wanting.flat().filter((placeholder) => !Object.hasOwn(SOURCES, placeholder))).toEqual([]);
  });
});

test('a shell that there is no script for is refused with those that there are', async () => {
  const { code, stderr } = await byteor(['completion', 'csh']);
  expect(code).toBe(2);
  expect(stderr).toContain(
    "byteor completion: 'csh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.",
  );
});

/** Typed in a folder with a plan, a log and a folder of journals. */
function shellFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-shell-'));
  writeFileSync(join(folder, 'plan.yaml'), YAML_PLAN);
  writeFileSync(join(folder, 'plain.txt'), '');
  writeFileSync(join(folder, 'my log.txt'), '');
  writeFileSync(join(folder, 'access.log'), '');
  mkdirSync(join(folder, 'journals'));
  return folder;
}

const WAITS = ['adaptive', 'park', 'profile', 'spin', 'yield'];

describe.each(['bash', 'zsh'] as const)('%s completes', (shell) => {
  const LINES = [
    ['byteor vali', 'tab'],
    ['byteor run --requ', 'tab'],
    ['byteor run --wait ', 'all'],
    ['byteor run --wait=sp', 'tab'],
    ['byteor run pla', 'tab'],
    ['byteor run plan.yaml --ingress i', 'tab'],
    ['byteor run plan.yaml --egress out=d', 'tab'],
    ['byteor run plan.yaml --ingress in=lines:ac', 'tab'],
    ['byteor run plan.yaml --ingress in=lines:my', 'tab'],
    ['byteor run plan.yaml --journal j', 'tab'],
    ['byteor run plan.yaml --threads ', 'tab'],
  ] as const;
  let folder: string;
  let made: string[][];
  const has = hasShell(shell);

  beforeAll(async () => {
    folder = shellFolder();
    if (has) made = await typed(shell, folder, LINES);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The last words of a line as they were completed. */
  const last = (line: (typeof LINES)[number][0], count = 1): string[] | undefined =>
    made[LINES.findIndex(([own]) => own === line)]?.slice(-count);

  test.runIf(has)('a verb', () => expect(last('byteor vali')).toEqual(['validate']));
  test.runIf(has)('an option', () => expect(last('byteor run --requ')).toEqual(['--require-profile']));
  test.runIf(has)('the choices of an option', () => {
    expect(last('byteor run --wait ', 5)?.sort()).toEqual(WAITS);
    expect(last('byteor run --wait=sp')).toEqual(['--wait=spin']);
  });
  test.runIf(has)('a plan file, before files that are none', () =>
    expect(last('byteor run pla')).toEqual(['plan.yaml']),
  );
  test.runIf(has)('a boundary of the plan and an adapter', () => {
    expect(last('byteor run plan.yaml --ingress i')).toEqual(['in=']);
    expect(last('byteor run plan.yaml --egress out=d')).toEqual(['out=discard']);
  });
  test.runIf(has)('the path of an adapter, also one with a blank', () => {
    expect(last('byteor run plan.yaml --ingress in=lines:ac')).toEqual(['in=lines:access.log']);
    expect(last('byteor run plan.yaml --ingress in=lines:my')).toEqual(['in=lines:my log.txt']);
  });
  test.runIf(has)('a folder', () => {
    // zsh takes the slash away again when the line is accepted.
    expect(last('byteor run plan.yaml --journal j')?.[0]).toMatch(/^journals\/?$/);
  });
  test.runIf(has)('nothing where a number is wanted', () =>
    expect(last('byteor run plan.yaml --threads ')).toEqual(['--threads']),
  );
});

describe('fish completes', () => {
  const LINES = [
    'byteor vali',
    'byteor run --requ',
    'byteor run --wait ',
    'byteor run --wait=sp',
    'byteor run pla',
    'byteor run plan.yaml --ingress ',
    'byteor run plan.yaml --egress out=d',
    'byteor run plan.yaml --ingress in=lines:ac',
    'byteor run plan.yaml --journal j',
    'byteor run plan.yaml --threads ',
  ] as const;
  let folder: string;
  let made: string[][];
  const has = hasShell('fish');

  beforeAll(() => {
    folder = shellFolder();
    if (has) made = fishCandidates(folder, LINES);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const values = (line: (typeof LINES)[number]): (string | undefined)[] | undefined =>
    made[LINES.indexOf(line)]?.map((candidate) => candidate.split('\t')[0]);

  test.runIf(has)('a verb, with what it is for', () =>
    expect(made[0]).toEqual(['validate\tcheck plans and print everything that is wrong with them']),
  );
  test.runIf(has)('an option', () => expect(values('byteor run --requ')).toEqual(['--require-profile']));
  test.runIf(has)('the choices of an option', () => {
    expect(values('byteor run --wait ')?.sort()).toEqual(WAITS);
    expect(values('byteor run --wait=sp')).toEqual(['--wait=spin']);
  });
  test.runIf(has)('a plan file, before files that are none', () =>
    expect(values('byteor run pla')).toEqual(['plan.yaml']),
  );
  test.runIf(has)('a boundary of the plan and an adapter', () => {
    expect(values('byteor run plan.yaml --ingress ')).toEqual(['in=']);
    expect(values('byteor run plan.yaml --egress out=d')).toEqual(['out=discard']);
  });
  test.runIf(has)('the path of an adapter', () =>
    expect(values('byteor run plan.yaml --ingress in=lines:ac')).toEqual(['in=lines:access.log']),
  );
  test.runIf(has)('a folder', () => expect(values('byteor run plan.yaml --journal j')).toEqual(['journals/']));
  test.runIf(has)('nothing where a number is wanted', () =>
    expect(values('byteor run plan.yaml --threads ')).toEqual([]),
  );
});
