import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteor, type Ended, temporaryFolder } from './child.js';
import { ringPlan } from './plans.js';

/** `--stage` and `--stage-set` of the command line; what a module may be is test/host/module-stages.test.ts. */

const PLAN = ringPlan([{ id: 'shout', op: 'js:shout', config: '!' }]);
const MODULE = `
export default (record, { config }) => Buffer.from(record.toString().toUpperCase()).equals(record) ? true : false;
export const counting = {
  start: ({ config }) => { console.error('loud', config); return { records: 0 }; },
  batch(records, state) { for (const _ of records) state.records++; },
  end: (state) => { console.error('done'); return state; },
};
`;

function files(): { cwd: string } {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'plan.yaml'), PLAN);
  writeFileSync(join(cwd, 'shout.mjs'), MODULE);
  return { cwd };
}

const run = (args: readonly string[], input = ''): Promise<Ended> =>
  byteor(['run', 'plan.yaml', '--ingress', 'in=lines:-', '--egress', 'out=lines:-', ...args], { ...files(), input });

describe('byteor run --stage', () => {
  test('runs a module in a worker, whose streams are those of the process, to the end of the input', async () => {
    const ended = await run(
      ['--stage', 'shout=./shout.mjs', '--stage-set', 'shout.export=counting', '--json'],
      'a\nB\n',
    );
    expect(ended.stdout).toBe('a\nB\n');
    expect(ended.code).toBe(0);
    const [, facts] = /^(\{.*\})$/ms.exec(ended.stderr) ?? [];
    expect(JSON.parse(facts as string)).toMatchObject({ ok: true, stages: { shout: { records: 2 } } });
    expect(ended.stderr).toMatch(/^loud !$/m);
    expect(ended.stderr).toMatch(/^done$/m);
  });

  test('fails the run where the module fails, by name', async () => {
    const ended = await run(['--stage', 'shout=./shout.mjs', '--stage-set', 'shout.export=none', '--quiet'], 'a\n');
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(
      /^byteor run: "shout" failed at sequence 0 of shard 0: its module .*shout\.mjs has no export "none": it has "counting", "default"$/m,
    );
  });

  test('says what to add where a stage has nothing that runs it', async () => {
    const ended = await run([]);
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(
      /nothing runs: "shout" \(js:shout\); name its module, --stage shout=\.\/shout\.mjs; the/,
    );
  });

  const wrong: [string, string[], RegExp][] = [
    ['without a path', ['--stage', 'shout'], /--stage takes NAME=PATH, received "shout"\.\nNAME is what stands/],
    [
      'with another kind of file',
      ['--stage', 'shout=./x.txt'],
      /--stage shout names "\.\/x\.txt", which is no module and no shared library by/,
    ],
    [
      'with a file that does not exist',
      ['--stage', 'shout=./x.mjs'],
      /the module of js:shout, .*x\.mjs, does not exist/,
    ],
    ['that no stage has', ['--stage', 'other=./shout.mjs'], /--stage other is the function of no stage: the plan has/],
    [
      'with too many workers',
      ['--stage', 'shout=./shout.mjs', '--stage-set', 'shout.workers=2'],
      /--stage-set shout\.workers is 2: give 1, or leave it out/,
    ],
    [
      'with an unknown key',
      ['--stage', 'shout=./shout.mjs', '--stage-set', 'shout.size=2'],
      /--stage-set shout has no key "size"\.\nA stage has export, workers, concurrency, timeoutMs\./,
    ],
  ];
  test.each(wrong)('%s is wrong usage', async (_, args, words) => {
    const ended = await run(args);
    expect({ code: ended.code, out: ended.stdout }).toEqual({ code: 2, out: '' });
    expect(ended.stderr).toMatch(words);
  });
});

describe('byteor describe', () => {
  const described = async (args: readonly string[], at = files()) => {
    const { code, stdout, stderr } = await byteor(['describe', 'plan.yaml', ...args], at);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };

  test('says of a stage whose code was not named what to name, and what is known all the same', async () => {
    expect(await described([])).toContain(
      `stages of your own
  shout  js:shout: nothing yet; name its module, --stage shout=./shout.mjs, or give open a function, for the thread that opens
         at most 16 promises at once, 30 s for a call or a promise (the defaults, unless its code says otherwise)
         copies: each record to the stage, and back where it is changed or replaced
         may keep a record from being delivered for 60 s: a call, and as long for its promise
`,
    );
  });

  test('shows where it runs, its settings, its copies, and how long it may hold a record', async () => {
    const set = ['--stage-set', 'shout.concurrency=4', '--stage-set', 'shout.timeoutMs=500'];
    const named = ['--stage', 'shout=./shout.mjs', ...set];
    expect(await described(named)).toContain(
      `stages of your own
  shout  js:shout: ./shout.mjs, in a worker thread
         at most 4 promises at once, 500 ms for a call or a promise
         copies: each record to the stage, and back where it is changed or replaced
         may keep a record from being delivered for 1 s: a call, and as long for its promise
`,
    );
    expect(JSON.parse(await described([...named, '--json'])).ownStages).toEqual([
      {
        stage: 'shout',
        op: 'js:shout',
        onError: 'stop',
        copies: { in: 1, out: 1 },
        longestHoldMs: 1000,
        runsOn: 'worker',
        module: './shout.mjs',
        export: 'default',
        workers: 1,
        concurrency: 4,
        timeoutMs: 500,
        stated: ['concurrency', 'timeoutMs'],
      },
    ]);
  });

  test('refuses the code of a stage that the plan does not have', async () => {
    const ended = await byteor(['describe', 'plan.yaml', '--stage', 'other=./shout.mjs'], files());
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(
      /--stage other is the code of no stage: no stage has the op js:other\.\nThe plan has js:shout\.$/m,
    );
  });
});
