import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stageCounts } from '../support/stage-counts.js';
import { byteor, temporaryFile, temporaryFolder } from './child.js';
import { GRAPH_PLAN, IDENTITY_PLAN, ringPlan, YAML_PLAN } from './plans.js';

const LOG = 'INFO one\nERROR two\r\n\nERROR three, with a lone \r inside\nlast ERROR without a line end';
/** The lines of it that hold ERROR, and the bytes of their terminators: CRLF, LF, none. */
const KEPT = 'ERROR two\r\nERROR three, with a lone \r inside\nlast ERROR without a line end';
const KEPT_TERMINATORS = 3;

/** Runs a plan over a text, through files; what came out, and how it ended. */
async function runText(plan: string, input: string | Uint8Array, ...options: string[]) {
  const folder = temporaryFolder();
  const [planFile, from, to] = ['plan.yaml', 'in.log', 'out.log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(planFile, plan);
  writeFileSync(from, input);
  const ended = await byteor([
    'run',
    planFile,
    '--ingress',
    `in=lines:${from}`,
    '--egress',
    `out=lines:${to}`,
    ...options,
  ]);
  return { ...ended, output: readFileSync(to), from, to };
}

describe('byteor run', () => {
  test('an identity plan reproduces its input byte for byte', async () => {
    const { code, output, stderr } = await runText(IDENTITY_PLAN, LOG, '--assert-conserved');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(output.toString()).toBe(LOG);
  });

  test('prints exactly the facts of docs/cli.md with --json', async () => {
    const { code, stdout, stderr, output } = await runText(YAML_PLAN, LOG, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(output.toString()).toBe(KEPT);
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      records_in: 5,
      records_out: 3,
      bytes_in: LOG.length,
      bytes_out: KEPT.length,
      seconds: expect.any(Number),
      ledger: {
        balanced: true,
        boundaries: {
          in: { kind: 'ingress', published: 5, bytes: LOG.length - 5, dropped: 0, too_large: 0, keyless: 0 },
          out: { kind: 'egress', in: 3, out: 3, abandoned: 0, skipped: 2, bytes: KEPT.length - KEPT_TERMINATORS },
        },
        stages: {
          keep: stageCounts({ in: 5, out: 3, filtered: 2, skipped: 0 }),
          total: stageCounts({ in: 3, out: 3, skipped: 2 }),
        },
        inserted: {},
        lanes: {},
      },
      stages: { keep: null, total: { total: 3 } },
    });
  });

  test('prints a summary of a few lines', async () => {
    const { code, stdout, from, to } = await runText(YAML_PLAN, LOG);
    expect(code).toBe(0);
    const numbers = '[\\d,.]+';
    const lines = [
      `errors {2}[0-9a-f]{12} {2}${numbers} m?s`,
      ' +records +bytes +records/s +rate',
      ` {2}in +5 +${LOG.length} B +${numbers} +${numbers} k?B/s +lines:${from}`,
      ` {2}out +3 +${KEPT.length} B +lines:${to}`,
      ' {2}total {2}3 records',
      // On a machine with few free CPUs.
      '(?:! .*\\n)?✓ balanced: 5 in = 3 out \\+ 2 filtered',
    ];
    expect(stdout).toMatch(new RegExp(`^${lines.join('\\n')}\\n$`));
  });

  test('prints with --verbose all that was counted, in tables that add up', async () => {
    const { code, stdout, from, to } = await runText(YAML_PLAN, LOG, '--verbose');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^errors {2}[0-9a-f]{12} {2}[\d.]+ m?s$/);
    expect(stdout).toMatch(new RegExp(`^ {2}in +5 +${LOG.length} B .*lines:${from}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^ {2}out +3 +${KEPT.length} B +lines:${to}$`, 'm'));
    expect(stdout).toMatch(/^ {2}stage +op +in += out +\+ filtered +skipped$/m);
    expect(stdout).toMatch(/^ {2}keep +filter +5 +3 +2$/m);
    expect(stdout).toMatch(/^ {2}total +count +3 +3 +2$/m);
    expect(stdout).toMatch(/^ {2}total {2}3 records$/m);
    expect(stdout).toMatch(/^ {2}byteor-\d+-0 +(CPU \d+|not pinned) +in, /m);
    expect(lines.at(-2)).toBe('✓ balanced: 5 in = 3 out + 2 filtered');
  });

  test('says in one line how many requests were not granted, and with --verbose why, each reason once', async () => {
    const more = ['--cpus', '0', '--threads', '2', '--profile', 'isolated-core'];
    const { stdout } = await runText(IDENTITY_PLAN, LOG, ...more);
    const notes = stdout.split('\n').filter((line) => line.startsWith('!'));
    expect(notes).toEqual([expect.stringMatching(/^! .*not granted; --verbose says why$/)]);
    const whole = (await runText(IDENTITY_PLAN, LOG, ...more, '-v')).stdout;
    expect(whole).toMatch(/^ {2}! isolated CPUs: Degraded \(/m);
  });

  test('prints no summary with --quiet', async () => {
    expect(await runText(IDENTITY_PLAN, LOG, '--quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('writes records to standard output and the summary to standard error', async () => {
    const plan = temporaryFile('plan.yaml', IDENTITY_PLAN);
    const ends = ['--ingress', 'in=lines:-', '--egress', 'out=lines:-'];
    const plain = await byteor(['run', plan, ...ends], { input: LOG });
    expect(plain).toMatchObject({ code: 0, stdout: LOG });
    expect(plain.stderr).toContain('✓ balanced: 5 in = 5 out');
    const json = await byteor(['run', plan, ...ends, '--json'], { input: LOG });
    expect(json).toMatchObject({ code: 0, stdout: LOG });
    expect(JSON.parse(json.stderr)).toMatchObject({ ok: true, records_in: 5, bytes_out: LOG.length });
  });

  test('counts what a discarded egress would have got', async () => {
    const plan = temporaryFile('plan.yaml', YAML_PLAN);
    const ends = ['--ingress', 'in=lines:-', '--egress', 'out=discard', '--json'];
    const { code, stdout } = await byteor(['run', plan, ...ends], { input: LOG });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, records_out: 3, bytes_out: KEPT.length - KEPT_TERMINATORS });
  });

  test('appends where it is told to, and truncates where it is not', async () => {
    const plan = temporaryFile('plan.yaml', IDENTITY_PLAN);
    const to = temporaryFile('out.log', 'before\n');
    const into = (adapter: string) =>
      byteor(['run', plan, '-q', '--ingress', 'in=lines:-', '--egress', `out=${adapter}:${to}`], { input: 'x\n' });
    expect(await into('lines+append')).toMatchObject({ code: 0 });
    expect(readFileSync(to, 'utf8')).toBe('before\nx\n');
    expect(await into('lines')).toMatchObject({ code: 0 });
    expect(readFileSync(to, 'utf8')).toBe('x\n');
  });

  test('reads the plan from standard input when the records come from a file', async () => {
    const from = temporaryFile('in.log', LOG);
    const ends = ['--ingress', `in=lines:${from}`, '--egress', 'out=lines:-'];
    expect(await byteor(['run', '-', '-q', ...ends], { input: IDENTITY_PLAN })).toMatchObject({ code: 0, stdout: LOG });
  });

  test('spreads records over shards and keeps every key in order', async () => {
    const shards = { shards: 4, ordering: 'PerKey', shard_key: { kind: 'token', separator: ' ', index: 0 } };
    const lines = Array.from({ length: 2000 }, (_, at) => `key${(at * 7) % 13} record ${at}`);
    const { code, output } = await runText(
      ringPlan([{ id: 'pass', op: 'identity' }], shards),
      `${lines.join('\n')}\n`,
      '--assert-conserved',
    );
    expect(code).toBe(0);
    expect(byFirstWord(output.toString().trimEnd().split('\n'))).toEqual(byFirstWord(lines));
  });

  test('takes every wait strategy, thread count and size', async () => {
    for (const options of [
      ['--wait', 'spin'],
      ['--wait', 'yield', '--threads', '3'],
      ['--wait', 'park', '--threads', '1', '--no-pin'],
      ['--capacity', '1', '--record-max', '64', '--arena-bytes', '1KiB'],
      ['--profile', 'low-latency'],
    ])
      expect((await runText(YAML_PLAN, LOG, ...options, '--assert-conserved')).code, options.join(' ')).toBe(0);
  });
});

function byFirstWord(lines: readonly string[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const line of lines) {
    const key = line.split(' ')[0] ?? '';
    groups[key] = [...(groups[key] ?? []), line];
  }
  return groups;
}

describe('a run that fails', () => {
  const rejecting = ringPlan([
    { id: 'look', op: 'reject', config: { contains: 'poison' } },
    { id: 'after', op: 'count' },
  ]);

  test('exits with 3 and names stage, sequence and cause; records before it come out', async () => {
    const { code, stdout, output } = await runText(rejecting, 'a\nb\npoison\nc\n');
    expect(code).toBe(3);
    expect(output.toString()).toBe('a\nb\n');
    expect(stdout).toMatch(/✗ failed: look at sequence 2: .*poison/);
    expect(stdout).toContain('✓ balanced: 4 in = 2 out + 2 abandoned');
  });

  test('says the same as JSON, and in a sentence on standard error', async () => {
    const { code, stdout, stderr } = await runText(rejecting, 'a\nb\npoison\nc\n', '--json');
    expect(code).toBe(3);
    const facts = JSON.parse(stdout);
    expect(facts).toMatchObject({ ok: false, failure: { stage: 'look', shard: 0, sequence: 2 } });
    expect(facts.ledger.stages.look).toEqual(
      stageCounts({ in: 4, out: 2, failed: 1, abandoned: 1, skipped: 0, causes: { REJECTED: 1 } }),
    );
    expect(stderr).toBe(`byteor run: "look" failed at sequence 2 of shard 0: ${facts.failure.cause}\n`);
  });

  test('the failure wins over the assertion that all is conserved', async () => {
    expect((await runText(rejecting, 'poison\n', '--assert-conserved')).code).toBe(3);
  });

  test('records that fail under drop leave it ok; standard error names them, and --max-failed bounds them', async () => {
    const dropping = ringPlan([{ id: 'look', op: 'reject', config: { contains: 'poison' }, on_error: 'drop' }]);
    const input = 'a\npoison\npoison 2\nb\n';
    const { code, stdout, stderr, output } = await runText(dropping, input, '--json', '--assert-conserved');
    expect({ code, output: output.toString() }).toEqual({ code: 0, output: 'a\nb\n' });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      records_out: 2,
      ledger: { balanced: true, stages: { look: { in: 4, out: 2, failed: 2, dropped: 2, causes: { REJECTED: 2 } } } },
    });
    const counts = 'byteor run: look: 2 failed, 2 dropped: REJECTED 2\n';
    expect(stderr).toBe(counts);
    const bounded = await runText(dropping, input, '--quiet', '--max-failed', '1');
    expect(bounded).toMatchObject({
      code: 3,
      stderr: `${counts}byteor run: 2 records failed; --max-failed allows 1\n`,
    });
  });

  test('ends that drop leave out a line above the maximum and a record with a line feed, and standard error names both', async () => {
    const plan = {
      version: 2,
      name: 'ends',
      target: 'LaneGraph',
      stages: [
        { id: 'split', op: 'append', config: { text: '\n' } },
        { id: 'whole', op: 'identity' },
      ],
      boundaries: [
        { id: 'in', kind: 'ingress', on_error: 'drop' },
        { id: 'out', kind: 'egress', on_error: 'drop' },
      ],
      lane_graph: {
        connections: [
          { from: 'in', to: 'split', lane: { kind: 'Events' } },
          { from: 'in', to: 'whole', lane: { kind: 'Events' } },
          { from: 'split', to: 'out', lane: { kind: 'Events' } },
          { from: 'whole', to: 'out', lane: { kind: 'Events' } },
        ],
        boundary_policy: { in: 'RoundRobin', out: 'Ordered' },
      },
    };
    const input = `a\n1\n${'x'.repeat(5000)}\nb\n2\n`;
    const ended = await runText(JSON.stringify(plan), input, '--record-max', '1KiB', '--json', '--assert-conserved');
    expect(ended).toMatchObject({ code: 0, output: Buffer.from('1\n2\n') });
    expect(ended.stderr).toBe(
      'byteor run: in: 1 failed, 1 dropped: TOO_LARGE 1\nbyteor run: out: 2 failed, 2 dropped: BAD_RECORD 2\n',
    );
    const { ok, ledger } = JSON.parse(ended.stdout);
    expect({ ok, balanced: ledger.balanced }).toEqual({ ok: true, balanced: true });
    expect(ledger.boundaries).toMatchObject({
      in: { published: 4, failures: { failed: 1, dropped: 1, causes: { TOO_LARGE: 1 } } },
      out: { in: 4, out: 2, failures: { failed: 2, dropped: 2, causes: { BAD_RECORD: 2 } } },
    });
  });

  test('a line above the maximum is a stated failure that names the remedy', async () => {
    const { code, stdout } = await runText(IDENTITY_PLAN, `short\n${'x'.repeat(5000)}\n`, '--record-max', '1KiB');
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ failed: in at sequence 1: .*5000.*recordMax|record-max/);
  });
});

describe('wrong usage of run exits with 2', () => {
  const plan = () => temporaryFile('plan.yaml', IDENTITY_PLAN);
  const usage = async (...options: string[]) => {
    const { code, stdout, stderr } = await byteor(['run', plan(), ...options], { input: '' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    return stderr;
  };

  test('boundaries without an adapter are named', async () => {
    expect(await usage('--ingress', 'in=lines:-')).toBe(
      'byteor run: No adapter was given for the egress "out".\n' +
        'Add --egress out=lines:PATH (for an egress: lines:PATH, lines+append:PATH, lines:- (standard output) or discard).\n',
    );
    expect(await usage()).toContain('No adapter was given for the ingress "in" and the egress "out".');
  });

  test('an unknown boundary is named, with a suggestion', async () => {
    const stderr = await usage('--ingress', 'inn=lines:-', '--egress', 'out=discard');
    expect(stderr).toContain(
      '--ingress names "inn", but the plan has no such ingress; it has "in".\n(Did you mean in?)',
    );
  });

  test('an egress given as an ingress is refused', async () => {
    expect(await usage('--ingress', 'out=lines:-')).toContain(
      '"out", which is an egress of the plan.\nUse --egress for it.',
    );
  });

  test.each([
    ['in', 'which is not ID=ADAPTER'],
    ['in=line:x', '(Did you mean lines?) An adapter is lines:PATH'],
    ['in=discard', 'which is not an adapter for an ingress'],
    ['in=lines:', 'which names no file'],
    ['in=lines+append:x', 'which is not an adapter for an ingress'],
  ])('--ingress %s is refused', async (adapter, words) => {
    expect(await usage('--ingress', adapter, '--egress', 'out=discard')).toContain(words);
  });

  test('an adapter given twice is refused', async () => {
    expect(await usage('--ingress', 'in=lines:-', '--ingress', 'in=lines:x')).toContain('--ingress names "in" twice.');
  });

  test('plan and records cannot both come from standard input', async () => {
    const ends = ['--ingress', 'in=lines:-', '--egress', 'out=discard'];
    const { code, stderr } = await byteor(['run', '-', ...ends], { input: IDENTITY_PLAN });
    expect(code).toBe(2);
    expect(stderr).toContain('Standard input is named twice');
  });

  test('an end never names the plan itself', async () => {
    const file = plan();
    const { code, stderr } = await byteor(['run', file, '--ingress', 'in=lines:-', '--egress', `out=lines:${file}`]);
    expect(code).toBe(2);
    expect(stderr).toContain('The adapter of "out" names the plan itself');
    expect(readFileSync(file, 'utf8')).toBe(IDENTITY_PLAN);
  });

  test('an option out of its range is named as it was written', async () => {
    const ends = ['--ingress', 'in=lines:-', '--egress', 'out=discard'];
    expect(await usage(...ends, '--arena-bytes', '3MiB')).toContain('--arena-bytes is 3145728');
    expect(await usage(...ends, '--cpus', '1022')).toMatch(/--cpus names CPU 1022, which this process may not use/);
  });
});

test('a LaneGraph plan runs, and its journal is kept where it was asked for', async () => {
  const plan = temporaryFile('plan.json', GRAPH_PLAN);
  const folder = temporaryFolder();
  const ends = ['--ingress', 'in=lines:-', '--egress', 'out=lines:-', '--journal', folder, '--assert-conserved'];
  const { code, stdout } = await byteor(['run', plan, ...ends], { input: 'one\ntwo\n' });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'one\ntwo\n' });
  expect(readdirSync(folder)).toHaveLength(1);
});

describe('what this machine or release cannot do exits with 5', () => {
  const ends = ['--ingress', 'in=lines:-', '--egress', 'out=discard'];

  test('an op that a caller would have to bring', async () => {
    const plan = temporaryFile('plan.json', ringPlan([{ id: 'own', op: 'js:own' }]));
    const { code, stderr } = await byteor(['run', plan, ...ends], { input: '' });
    expect(code).toBe(5);
    // The warning of validation, with its place in the plan, stands before it.
    expect(stderr).toMatch(/^byteor run: Cannot start: .*own/m);
  });

  test('a core that cannot be loaded', async () => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    const { code, stderr } = await byteor(['run', plan, ...ends], { input: '', env: { NODE_OPTIONS: '--no-addons' } });
    expect(code).toBe(5);
    expect(stderr).toContain('The native core cannot be loaded');
    expect(stderr).toContain('`npx byteor build`');
  });

  test('a profile that is required and not granted', async () => {
    const plan = temporaryFile('plan.json', IDENTITY_PLAN);
    // Two spinning threads on one CPU are never granted.
    const options = ['--require-profile', '--wait', 'spin', '--threads', '2', '--no-pin'];
    const { execFile } = await import('node:child_process');
    const { MAIN } = await import('./child.js');
    const one = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const child = execFile(
        'taskset',
        ['-c', firstCpu(), process.execPath, MAIN, 'run', plan, ...ends, ...options],
        (_, __, stderr) => resolve({ code: child.exitCode, stderr }),
      );
      child.stdin?.end();
    });
    expect(one.code).toBe(5);
    expect(one.stderr).toContain('This machine does not grant what the profile asks for:\n  wait spin: Degraded');
  });
});

/** A CPU that this process may use. */
function firstCpu(): string {
  return /^Cpus_allowed_list:\s*([0-9]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
}
