import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import picocolors from 'picocolors';
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../lib/cli/program.js';
import type { Terminal } from '../../lib/cli/terminal.js';
import { byteor, ROOT, temporaryFolder } from './child.js';
import { GRAPH_PLAN, IDENTITY_PLAN, ringPlan } from './plans.js';

/** `byteor bench` as users call it. What laps take is the machine's business: no test asks for a certain verdict. */

interface Folder {
  readonly path: string;
  readonly plan: string;
  readonly ends: readonly string[];
  /** What laps write to. */
  readonly scratch: string;
  readonly file: (name: string, text: string) => string;
}

/** A plan, its input, and an output that has content already. */
function folder(plan = IDENTITY_PLAN): Folder {
  const path = temporaryFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(path, name), text);
    return join(path, name);
  };
  const scratch = join(path, 'scratch');
  mkdirSync(scratch);
  const input = file('in.log', Array.from({ length: 500 }, (_, at) => `line ${at}\n`).join(''));
  const out = file('out.log', 'what the user has\n');
  const ends = ['--ingress', `in=lines:${input}`, '--egress', `out=lines:${out}`, '--scratch', scratch];
  return { path, plan: file('plan.json', plan), ends, scratch, file };
}

/** Neither the user's output nor anything that laps have written. */
function untouched({ path, scratch }: Folder): void {
  expect(readFileSync(join(path, 'out.log'), 'utf8')).toBe('what the user has\n');
  expect(readdirSync(scratch)).toEqual([]);
}

/** A command line that ends before anything runs, in this process: its exit code, and what it says. */
async function said(args: readonly string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const line = (more: string): void => write(`${more}\n`);
  const channel = { colors: picocolors.createColors(false), columns: 80, isTty: false, write, line, demand: () => {} };
  const terminal = { out: channel, err: channel } as unknown as Terminal;
  return { code: await runCommandLine(['bench', ...args], terminal), text };
}

describe('a comparison', () => {
  test('runs laps of both sides, prints and writes the facts, and leaves nothing behind', async () => {
    const at = folder();
    const files = ['facts.json', 'dashboard.json', 'plot.svg'].map((name) => join(at.path, name));
    const results = ['--out', files[0], '--benchmark-json', files[1], '--svg', files[2]] as string[];
    const args = ['bench', at.plan, '--against', at.plan, ...at.ends, '--seconds', '6', '--json', ...results];
    const { code, stdout } = await byteor(args);
    const facts = JSON.parse(stdout);
    expect(Object.keys(facts).filter((key) => key !== 'reason')).toEqual([
      ...['ok', 'verdict', 'ratio', 'interval', 'floor', 'pairs', 'outputs_equal', 'outputs', 'programs'],
    ]);
    expect(facts).toMatchObject({ outputs_equal: true, outputs: { compared: { out: 'byte for byte' } } });
    const codes: Record<string, number> = { faster: 0, same: 0, slower: 6, 'no verdict': 7 };
    expect(code).toBe(codes[facts.verdict]);
    expect(JSON.parse(readFileSync(files[0] as string, 'utf8'))).toEqual(facts);
    for (const program of facts.programs) {
      expect(program.sides.plan.records).toBe(500);
      expect(program.samples.length).toBeGreaterThanOrEqual(2);
      for (const { laps } of program.samples) {
        expect(laps).toHaveLength(program.laps_per_pair);
        for (const lap of laps) expect(lap.plan.runs).toHaveLength(program.runs_per_lap);
      }
      expect(readFileSync(files[2] as string, 'utf8')).toMatch(/^<svg /);
      expect(JSON.parse(readFileSync(files[1] as string, 'utf8'))).toBeInstanceOf(Array);
    }
    untouched(at);
  });

  test('whose outputs differ names the line, runs no laps and exits with 7', async () => {
    const at = folder(ringPlan([{ id: 'mark', op: 'prepend', config: { text: 'x' } }]));
    const against = at.file('other.json', IDENTITY_PLAN);
    const svg = join(at.path, 'plot.svg');
    const { code, stdout, stderr } = await byteor(['bench', at.plan, '--against', against, ...at.ends, '--svg', svg]);
    expect(code).toBe(7);
    expect(stdout).toBe(
      [
        'outputs   differ (compared: out byte for byte)',
        '    "out" line 1:',
        '      plan     "xline 0\\n"',
        '      against  "line 0\\n"',
        'no verdict',
        '  The outputs differ.',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('byteor bench: --svg: nothing was measured, so nothing is written.\n');
    expect(existsSync(svg)).toBe(false);
    untouched(at);
  });

  test('of which one side fails exits with 3 and names the side', async () => {
    const at = folder();
    const args = ['bench', at.plan, '--against', at.plan, ...at.ends, '--against-record-max', '4'];
    const { code, stdout, stderr } = await byteor(args);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^byteor bench: The other side ".*plan\.json" failed: "in" failed at sequence 0/);
    untouched(at);
  });

  test('of a plan with a journal gives every run a folder of its own', async () => {
    const at = folder(GRAPH_PLAN);
    const args = ['bench', at.plan, '--against', at.plan, ...at.ends, '--seconds', '1', '--json'];
    const { stdout } = await byteor(args, { cwd: at.path });
    expect(JSON.parse(stdout)).toMatchObject({ outputs_equal: true });
    expect(readdirSync(at.path).filter((name) => name.startsWith('byteor-run'))).toEqual([]);
    untouched(at);
  });

  test('that an installed byteor runs on the other side has the same outputs', async () => {
    const at = folder();
    const args = ['bench', at.plan, '--against-package', ROOT, ...at.ends, '--seconds', '1', '--json'];
    expect(JSON.parse((await byteor(args)).stdout)).toMatchObject({ outputs_equal: true });
  });

  test('that SIGINT ends removes what it wrote, ends its laps, and exits with 130', async () => {
    const at = folder();
    const args = ['bench', at.plan, '--against', at.plan, ...at.ends, '--seconds', '1000', '--progress'];
    let children: string[] = [];
    const { code, stdout, stderr } = await byteor(args, {
      meanwhile: async (child) => {
        await new Promise<void>((resolve) => {
          child.stderr?.on('data', (text) => String(text).includes('warm-up') && resolve());
        });
        await untilThere(() => {
          children = childrenOf(child.pid as number);
          return children.length > 0;
        });
        child.kill('SIGINT');
      },
    });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/\nbyteor bench: Ended by SIGINT: no verdict\.\n$/);
    expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    untouched(at);
  });
});

const childrenOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);

async function untilThere(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('is refused with', () => {
  test('2 where nothing says what the plan is compared with', async () => {
    const { plan, ends } = folder();
    const { code, text } = await said([plan, ...ends]);
    expect(code).toBe(2);
    expect(text).toContain('Nothing says what the plan is compared with.\nGive --against OTHER.yaml');
  });

  test.each([
    ['in=lines:-', 'out=discard', 'which can be read only once'],
    ['in=lines:/dev/zero', 'out=discard', 'is not an ordinary file'],
    ['in=lines:IN', 'out=lines:-', 'which a comparison needs for its result'],
    ['in=lines:IN', 'out=lines:/dev/full', 'is not an ordinary file'],
  ])('2 where the ends are %s and %s', async (ingress, egress, words) => {
    const { path, plan } = folder();
    const input = ingress.replace('IN', join(path, 'in.log'));
    const { code, text } = await said([plan, '--against', plan, '--ingress', input, '--egress', egress]);
    expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining(words) });
  });

  test('3 where the input is missing, as run does', async () => {
    const { plan } = folder();
    const ends = ['--ingress', 'in=lines:/nowhere/in.log', '--egress', 'out=discard'];
    const { code, text } = await said([plan, '--against', plan, ...ends]);
    expect(code).toBe(3);
    expect(text).toContain('Cannot start: ingress "in": cannot read "/nowhere/in.log"');
  });

  test('1 where the other plan has errors', async () => {
    const { plan, ends, file } = folder();
    const { code, text } = await said([
      plan,
      '--against',
      file('bad.json', IDENTITY_PLAN.replace('identity', 'idnetity')),
      ...ends,
    ]);
    expect({ code, text }).toEqual({ code: 1, text: expect.stringContaining('OP_UNKNOWN') });
  });

  test('2 where a result would be written over the input or the plan', async () => {
    const { plan, ends, path } = folder();
    for (const file of [plan, join(path, 'in.log'), join(path, 'out.log')]) {
      const { code, text } = await said([plan, '--against', plan, ...ends, '--out', file]);
      expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining('which is used already') });
    }
    const { text } = await said([plan, '--against', plan, ...ends, '--svg', '/nowhere/plot.svg']);
    expect(text).toContain('--svg cannot write "/nowhere/plot.svg"');
  });

  test('2 where a folder has no byteor, and where a floor is below what builds differ by', async () => {
    const { plan, ends, path } = folder();
    expect(await said([plan, ...ends, '--against-package', path])).toEqual({
      code: 2,
      text: expect.stringContaining('where no byteor is installed'),
    });
    expect(await said([plan, '--against', plan, ...ends, '--floor', '1'])).toEqual({
      code: 2,
      text: expect.stringContaining('Give percents from 2 to 50'),
    });
  });
});
