import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GivenEnd, resolveEnds, withSettings } from '../../lib/cli/adapters.js';
import { readEndsFile } from '../../lib/cli/ends-file.js';
import type { CliError } from '../../lib/cli/exit-code.js';
import type { BoundaryEntry } from '../../lib/plan/document.js';
import { byteor, temporaryFile, temporaryFolder } from './child.js';
import { IDENTITY_PLAN } from './plans.js';

const BOUNDARIES: readonly BoundaryEntry[] = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
];
const ENDS = 'in: { adapter: lines, path: a.log }\nout:\n  adapter: lines\n  path: b.log\n  append: true\n';

interface Asked {
  readonly ends?: string;
  readonly ingress?: readonly string[];
  readonly egress?: readonly string[];
  readonly set?: readonly string[];
}

const fileWith = (text: string) => readEndsFile(temporaryFile('ends.yaml', text));

const resolved = ({ ends, ingress = [], egress = [], set = [] }: Asked, given?: GivenEnd) =>
  resolveEnds(BOUNDARIES, { ingress, egress, set }, ends === undefined ? undefined : fileWith(ends), given);

/** What is said, with the place of the file left out. */
function refusal(run: () => unknown): { message: string; remedy: string | undefined; exitCode: number } {
  try {
    run();
  } catch (error) {
    const { message, remedy, exitCode } = error as CliError;
    return { message: message.replace(/^\S*\/ends\.yaml/, 'ends.yaml'), remedy, exitCode };
  }
  throw new Error('nothing was refused');
}

describe('ends from a file', () => {
  test('are those of open, in either form', () => {
    expect(resolved({ ends: ENDS })).toEqual({
      ports: { in: { lines: 'a.log' }, out: { lines: 'b.log', append: true } },
      words: { in: 'lines:a.log', out: 'lines+append:b.log' },
      readsStandardInput: false,
      writesStandardOutput: false,
    });
    expect(resolved({ ends: '{"in": {"replay": "j", "last": 5}, "out": "discard"}' })).toMatchObject({
      ports: { in: { replay: 'j', last: 5 }, out: 'discard' },
      words: { in: 'replay:j', out: 'discard' },
    });
  });

  test('give way to --ingress and --egress, end by end', () => {
    expect(resolved({ ends: ENDS, egress: ['out=discard'] })).toMatchObject({
      ports: { in: { lines: 'a.log' }, out: 'discard' },
    });
  });

  test('give way to the end that a verb knows', () => {
    const given = { id: 'in', port: { replay: 'j' }, words: 'journal j', option: '--from-journal' };
    expect(resolved({ ends: ENDS }, given)).toMatchObject({
      ports: { in: { replay: 'j' } },
      words: { in: 'journal j' },
    });
  });

  test('may be standard streams', () => {
    expect(resolved({ ends: 'in: { lines: "-" }\nout: { lines: "-" }' })).toMatchObject({
      readsStandardInput: true,
      writesStandardOutput: true,
    });
  });

  test.each([
    [
      'in: { adapter: lines, path: a }\noot: discard',
      'ends.yaml:2:1: the plan has no boundary "oot".',
      '(Did you mean out?)',
    ],
    [
      'in: { adapter: linse, path: a }\nout: discard',
      'ends.yaml:1:16: "adapter" of "in" is the string "linse".',
      'There is no such adapter; an ingress may have "lines", "replay" (did you mean "lines"?).',
    ],
    [
      'in: { adapter: lines, path: a, append: true }\nout: discard',
      'ends.yaml:1:40: "append" of "in" is true.',
      'Only an egress has it; leave it out.',
    ],
    ['in:\n  adapter: lines\nout: discard', 'ends.yaml:1:1: "path" of "in" is missing.', 'Give the path of a file'],
    ['in: 5\nout: discard', 'ends.yaml:1:1: "in" is 5.', 'Give { lines: PATH } or { replay: FOLDER }.'],
    ['in: js\nout: discard', 'ends.yaml:1:1: "in" is "js", which needs a program.', 'An end is lines:PATH'],
    ['in: { lines: a\nout: discard', 'ends.yaml:2:1: The text is neither JSON nor YAML', 'Is a bracket missing'],
    ['in: { lines: a }\nin: { lines: b }', 'ends.yaml:2:1: ', ''],
    ['- in', 'ends.yaml:1:1: The file holds a list, not a map.', 'Write one end a line'],
    ['# nothing', 'ends.yaml:1:1: The file holds no ends', 'Write one a line'],
  ])('%j are refused with the place', (ends, message, remedy) => {
    const said = refusal(() => resolved({ ends }));
    expect(said.message).toContain(message);
    expect(said.remedy ?? '').toContain(remedy);
    expect(said.exitCode).toBe(2);
  });

  test('that cannot be read are refused', () => {
    expect(refusal(() => readEndsFile('nowhere.yaml'))).toMatchObject({
      message: 'Cannot read the ends "nowhere.yaml": there is no such file (ENOENT).',
      exitCode: 2,
    });
    expect(refusal(() => readEndsFile('-'))).toMatchObject({ message: '--ends is "-", which is no file.' });
  });
});

describe('--set', () => {
  test('changes a key of an end, wherever that was said', () => {
    const set = ['in.path=c.log', 'out.append=false'];
    expect(resolved({ ends: ENDS, set })).toMatchObject({
      ports: { in: { lines: 'c.log' }, out: { lines: 'b.log', append: false } },
      words: { in: 'lines:c.log', out: 'lines:b.log' },
    });
    expect(resolved({ ingress: ['in=lines:a'], egress: ['out=lines:b'], set: ['out.append=true'] })).toMatchObject({
      ports: { out: { lines: 'b', append: true } },
    });
  });

  test('gives values their types, and may hold = and .', () => {
    const ends = 'in: { replay: j }\nout: { lines: b }';
    expect(resolved({ ends, set: ['in.from=12', 'in.pace=recorded', 'out.path=a=b.log'] })).toMatchObject({
      ports: { in: { replay: 'j', from: 12, pace: 'recorded' }, out: { lines: 'a=b.log' } },
    });
  });

  test('makes an end by itself, and one of another adapter anew', () => {
    const set = ['in.adapter=replay', 'in.folder=j', 'out.adapter=lines', 'out.path=b'];
    expect(resolved({ ends: 'in: { lines: a }', set })).toMatchObject({
      ports: { in: { replay: 'j' }, out: { lines: 'b' } },
    });
  });

  test('also changes what a verb knows', () => {
    const given = {
      id: 'in',
      port: { replay: 'j', pace: 'fast' as const },
      words: 'journal j',
      option: '--from-journal',
    };
    expect(resolved({ egress: ['out=discard'], set: ['in.pace=recorded'] }, given)).toMatchObject({
      ports: { in: { replay: 'j', pace: 'recorded' } },
    });
    expect(withSettings(BOUNDARIES, given, ['in.last=3'])).toEqual({ replay: 'j', pace: 'fast', last: 3 });
    expect(withSettings(BOUNDARIES, given)).toEqual(given.port);
  });

  test.each([
    [['append'], '--set is "append", which is not ID.key=value.'],
    [['oot.append=true'], '--set oot.append=true: the plan has no boundary "oot".'],
    [['out.append=true', 'out.append=false'], '--set gives out.append twice.'],
    [['out.append=yes'], '--set out.append=yes: "append" of "out" is the string "yes".'],
    [['out.apend=true'], '--set out.apend=true: "apend" of "out" is the string "true".'],
    [['in.append=true'], '--set in.append=true: "append" of "in" is true.'],
    [['in.path='], '--set in.path=: "path" of "in" is the string "".'],
    [['in.adapter=linse'], '--set in.adapter=linse: "adapter" of "in" is the string "linse".'],
    [['in.adapter=replay'], '--set in.adapter=replay: "folder" of "in" is missing.'],
    [['in.adapter=replay', 'in.folder=j', 'in.from=x'], '--set in.from=x: "from" of "in" is the string "x".'],
    [['in.path=x', 'out.path='], '--set out.path=: "path" of "out" is the string "".'],
    [['in.__proto__=x'], '--set in.__proto__=x: "__proto__" of "in" is the string "x".'],
  ])('%j is refused', (set, message) => {
    expect(refusal(() => resolved({ ends: ENDS, set }))).toMatchObject({ message, exitCode: 2 });
  });

  test('of an end that is wrong itself leaves its place to the end', () => {
    const ends = 'in: { adapter: linse, path: a }\nout: discard';
    expect(refusal(() => resolved({ ends, set: ['in.path=b'] })).message).toContain(
      'ends.yaml:1:16: "adapter" of "in"',
    );
  });

  test('of an end that has no adapter says what to do', () => {
    expect(
      refusal(() => resolved({ ingress: ['in=lines:a'], egress: ['out=discard'], set: ['out.append=true'] })),
    ).toEqual({
      message: '--set out.append=true: "out" has no adapter that could have this key.',
      remedy: 'Give it one: --egress out=lines:PATH.',
      exitCode: 2,
    });
  });
});

describe('byteor run', () => {
  test('takes its ends from a file, and a key of them from --set', async () => {
    const folder = temporaryFolder();
    const [input, output] = [join(folder, 'a.log'), join(folder, 'b.log')];
    writeFileSync(input, 'new\n');
    writeFileSync(output, 'old\n');
    const ends = temporaryFile('ends.json', JSON.stringify({ in: { lines: input }, out: { lines: output } }));
    const plan = temporaryFile('plan.yaml', IDENTITY_PLAN);
    const { code, stderr } = await byteor(['run', plan, '-q', '--ends', ends, '--set', 'out.append=true']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readFileSync(output, 'utf8')).toBe('old\nnew\n');
  });

  test('names the line of an end that is wrong', async () => {
    const ends = temporaryFile('ends.yaml', 'in: { lines: a.log }\nout: { lines: b.log, apend: true }\n');
    const plan = temporaryFile('plan.yaml', IDENTITY_PLAN);
    expect(await byteor(['run', plan, '--ends', ends])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        `byteor run: ${ends}:2:29: "apend" of "out" is true.\n` +
        'The adapter lines takes "lines", "append" at an egress (did you mean "append"?).\n',
    });
  });
});

test('a replay counts what its settings leave of the journal', async () => {
  const folder = temporaryFolder();
  const input = join(folder, 'in.log');
  writeFileSync(input, 'a\nb\nc\n');
  const plan = temporaryFile(
    'journaled.json',
    JSON.stringify({
      version: 2,
      name: 'kept',
      target: 'LaneGraph',
      stages: [{ id: 'keep', op: 'identity' }],
      boundaries: BOUNDARIES,
      lane_graph: {
        connections: [
          { from: 'in', to: 'keep', lane: { kind: 'Journal' } },
          { from: 'keep', to: 'out', lane: { kind: 'Events' } },
        ],
      },
    }),
  );
  const journal = join(folder, 'j');
  const to = ['--egress', 'out=discard'];
  expect(
    await byteor(['run', plan, '-q', '--journal', journal, '--ingress', `in=lines:${input}`, ...to]),
  ).toMatchObject({
    code: 0,
  });
  const lane = join(journal, 'in.keep');
  const dry = ['replay', plan, '--from-journal', lane, '--dry-run', '--json', '--set', 'in.last=2'];
  expect(JSON.parse((await byteor(dry)).stdout)).toMatchObject({ records: 2, first: 1 });
  const output = join(folder, 'again.log');
  const again = [
    'run',
    plan,
    '-q',
    '--ingress',
    `in=replay:${lane}`,
    '--set',
    'in.from=1',
    '--egress',
    `out=lines:${output}`,
  ];
  expect(await byteor([...again, '--journal', join(folder, 'other')])).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(output, 'utf8')).toBe('b\nc\n');
});
