import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteor, temporaryFolder } from './child.js';

/** Without \`append\` nothing changes records before the stage that rejects some. */
const planOf = (text: string, append?: string): string =>
  JSON.stringify({
    version: 2,
    name: 'letters',
    target: 'SingleRing',
    boundaries: [
      { id: 'in', kind: 'ingress' },
      { id: 'out', kind: 'egress' },
    ],
    stages: [
      ...(append === undefined ? [] : [{ id: 'marks', op: 'append', config: { text: append } }]),
      { id: 'checks', op: 'reject', config: { contains: text }, on_error: 'dead_letter' },
    ],
    single_ring: {
      stages: [
        ...(append === undefined ? [] : [{ stage: 'marks', depends_on: [] }]),
        { stage: 'checks', depends_on: append === undefined ? [] : ['marks'] },
      ],
    },
  });

interface Run {
  readonly folder: string;
  readonly letters: string;
  readonly plan: string;
  readonly ends: readonly string[];
}

async function runOnce(text: string, append?: string): Promise<Run> {
  const folder = temporaryFolder();
  const plan = join(folder, 'plan.json');
  const letters = join(folder, 'letters');
  writeFileSync(plan, planOf('bad', append));
  writeFileSync(join(folder, 'in.log'), text);
  const ends = ['--egress', `out=lines+append:${join(folder, 'out.log')}`];
  const all = [...ends, '--ingress', `in=lines:${join(folder, 'in.log')}`, '--dead-letters', letters];
  const { code, stdout } = await byteor(['run', plan, '--json', ...all]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, ledger: { balanced: true } });
  return { folder, letters, plan, ends };
}

interface Listed {
  readonly letters: readonly { readonly number: number; readonly attempt: number; readonly done: boolean }[];
}

async function list(letters: string): Promise<Listed> {
  const { code, stdout } = await byteor(['dead-letters', 'ls', letters, '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Listed;
}

describe('byteor dead-letters', () => {
  test('lists letters, shows one with control bytes escaped, and gives its bytes', async () => {
    const { letters } = await runOnce('good\none \u001b[31m bad\\\r\n');
    const [letter, ...others] = (await list(letters)).letters;
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      number: 0,
      sequence: 1,
      element: 'checks',
      ingress: 'in',
      code: 'REJECTED',
      attempt: 1,
      bytes: 14,
      done: false,
    });
    const table = await byteor(['dead-letters', 'ls', letters]);
    expect(table.stdout).toContain('1 letter, 1 not done');
    const shown = await byteor(['dead-letters', 'show', letters, '0']);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('one \\x1b[31m bad\\\\');
    const raw = await byteor(['dead-letters', 'show', letters, '0', '--raw']);
    expect(raw.stdout).toBe('one \u001b[31m bad\\');
    expect(await byteor(['dead-letters', 'show', letters, '7'])).toMatchObject({ code: 2 });
  });

  test('feeds them again: what fails has a later letter, what passes is delivered with its line end, and all of them are done', async () => {
    const { folder, letters, ends } = await runOnce('1 bad\r\ngood\n2 bad worse\n');
    const milder = join(folder, 'milder.json');
    writeFileSync(milder, planOf('worse'));
    const redrive = ['dead-letters', 'redrive', letters, milder, '--ingress', 'in', ...ends];
    const first = await byteor(redrive);
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('byteor dead-letters: ');
    expect(readFileSync(join(folder, 'out.log'), 'utf8')).toBe('good\n1 bad\r\n');
    const after = (await list(letters)).letters;
    expect(after.map(({ attempt, done }) => [attempt, done])).toEqual([
      [1, true],
      [1, true],
      [2, false],
    ]);
    writeFileSync(milder, planOf('nothing'));
    expect(await byteor(redrive)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'out.log'), 'utf8')).toBe('good\n1 bad\r\n2 bad worse\n');
    expect((await list(letters)).letters.every(({ done }) => done)).toBe(true);
    const none = await byteor(redrive);
    expect(none).toMatchObject({ code: 0, stdout: '' });
    expect(none.stderr).toContain('has no letters for "in" that are not done');
    expect(await byteor(['dead-letters', 'prune', letters])).toMatchObject({
      code: 0,
      stdout: 'removed 3 letters\n',
      stderr: '',
    });
    expect((await list(letters)).letters).toEqual([]);
  });

  test('refuses records that a stage had changed, unless they are to go as they were received', async () => {
    const { folder, letters, plan, ends } = await runOnce('1 bad\n', '!');
    const redrive = ['dead-letters', 'redrive', letters, plan, '--ingress', 'in', ...ends];
    const refused = await byteor(redrive);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('a stage before that one changes records');
    writeFileSync(plan, planOf('nothing', '!'));
    expect(await byteor([...redrive, '--as-received'])).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'out.log'), 'utf8')).toBe('1 bad!!\n');
  });

  test('says which records it may feed twice when a redrive has not come to its end', async () => {
    const { folder, letters, plan, ends } = await runOnce('1 bad\n');
    const stops = JSON.parse(planOf('bad')) as { stages: { on_error?: string }[] };
    for (const stage of stops.stages) delete stage.on_error;
    writeFileSync(plan, JSON.stringify(stops));
    const redrive = ['dead-letters', 'redrive', letters, plan, '--ingress', 'in', ...ends];
    expect(await byteor(redrive)).toMatchObject({ code: 3 });
    expect((await list(letters)).letters).toMatchObject([{ done: false, begun: true }]);
    writeFileSync(plan, planOf('nothing'));
    const again = await byteor(redrive);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('1 record may have been delivered already');
    expect(readFileSync(join(folder, 'out.log'), 'utf8')).toBe('1 bad\n');
  });

  test('refuses a folder of something else, and a run of a plan that needs a folder and has none', async () => {
    const { folder, plan } = await runOnce('good\n');
    expect(await byteor(['dead-letters', 'ls', join(folder, 'absent')])).toMatchObject({ code: 3 });
    const run = await byteor([
      'run',
      plan,
      '--ingress',
      `in=lines:${join(folder, 'in.log')}`,
      '--egress',
      'out=discard',
    ]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('give deadLetters.folder (--dead-letters)');
  });
});
