import { type ChildProcess, execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { byteor, byteorChild, type Ended, MAIN, temporaryFolder } from './child.js';
import { GRAPH_PLAN } from './plans.js';

const EMPTY = { input: '' };

/** GRAPH_PLAN with the kinds of its two lanes, and the codec of both ends. */
function plan(first: string, second: string, more: object = {}, codec = 'bytes'): string {
  const document = JSON.parse(GRAPH_PLAN);
  const lane = (kind: string) => (kind === 'Journal' ? { kind, ...more } : { kind });
  document.lane_graph.connections[0].lane = lane(first);
  document.lane_graph.connections[1].lane = lane(second);
  for (const boundary of document.boundaries) boundary.codec = codec;
  return JSON.stringify(document);
}

interface Bench {
  readonly folder: string;
  readonly path: (name: string) => string;
  readonly run: (options: readonly string[], more?: Parameters<typeof byteor>[1]) => Promise<Ended>;
  readonly args: (...options: string[]) => string[];
}

/** A folder with a plan, in which runs append to out.log and have their journals in j. */
function bench(text: string): Bench {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('plan.json'), text);
  const ends = ['--ingress', 'in=lines:-', '--egress', `out=lines+append:${path('out.log')}`];
  const args = (...options: string[]): string[] => ['run', path('plan.json'), ...ends, ...options];
  const run = (options: readonly string[], more = EMPTY as Parameters<typeof byteor>[1]) =>
    byteor(args('--journal', path('j'), ...options), more);
  return { folder, path, run, args };
}

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `record ${from + at}\n`).join('');
const outLines = ({ path }: Bench): string[] => readFileSync(path('out.log'), 'utf8').split('\n').slice(0, -1);

/** How many whole records are in the journal of a lane. */
async function recorded({ path }: Bench, lane: string): Promise<number> {
  const { stdout } = await byteor([
    'replay',
    path('plan.json'),
    '--from-journal',
    join(path('j'), lane),
    '--dry-run',
    '--json',
  ]);
  return JSON.parse(stdout).records;
}

/** Feeds a run without end, and kills it once it has written some bytes. */
async function killAt(place: Bench, bytes: number): Promise<void> {
  const child = byteorChild(place.args('--journal', place.path('j'), '-q'), { stdio: ['pipe', 'ignore', 'ignore'] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  void feed(child);
  while (!existsSync(place.path('out.log')) || statSync(place.path('out.log')).size < bytes) {
    if (child.exitCode !== null) throw new Error(`the run ended by itself: ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  child.kill('SIGKILL');
  await gone;
}

async function feed(child: ChildProcess): Promise<void> {
  child.stdin?.on('error', () => {});
  for (let from = 0; child.exitCode === null && child.signalCode === null; from += 1000)
    if (child.stdin?.write(lines(from, from + 1000)) === false)
      await new Promise((resolve) => {
        child.stdin?.once('drain', resolve);
        child.stdin?.once('close', resolve);
      });
}

describe('a run that is killed', () => {
  test.each([
    ['at an egress', plan('Events', 'Journal'), 'pass.out'],
    ['before a stage, with a lane in memory behind it', plan('Journal', 'Events'), 'in.pass'],
    ['behind another', plan('Journal', 'Journal', { fsync: 'none' }), 'in.pass'],
  ])('has lost no record of its journal %s: the next run delivers what is missing', async (_, text, lane) => {
    for (const bytes of [1, 50_000, 300_000]) {
      const place = bench(text);
      await killAt(place, bytes);
      const count = await recorded(place, lane);
      expect(count).toBeGreaterThan(0);
      const { code, stderr } = await place.run(['-q', '--assert-conserved']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const seen = new Set(outLines(place));
      const missing = Array.from({ length: count }, (_, at) => `record ${at}`).filter((words) => !seen.has(words));
      expect(missing).toEqual([]);
      // And what was delivered by then is not delivered again.
      const before = outLines(place).length;
      expect(await place.run(['-q'], { input: 'one more\n' })).toMatchObject({ code: 0 });
      expect(outLines(place).slice(before)).toEqual(['one more']);
    }
  });
});

describe('a journal that cannot be had', () => {
  test('is being written by another run', async () => {
    const place = bench(plan('Events', 'Journal'));
    const first = byteorChild(place.args('--journal', place.path('j'), '-q'), { stdio: ['pipe', 'ignore', 'ignore'] });
    const gone = new Promise((resolve) => first.once('exit', resolve));
    first.stdin?.write('one\n');
    while (!existsSync(place.path('out.log')) || outLines(place).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const { code, stderr } = await place.run([]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/Cannot start: the journal .*pass.out is being written by another pipeline; stop that one/);
    first.stdin?.end('two\n');
    expect(await gone).toBe(0);
    expect(await place.run(['-q'], { input: 'three\n' })).toMatchObject({ code: 0 });
    expect(outLines(place)).toEqual(['one', 'two', 'three']);
  });

  test('holds records of another codec', async () => {
    const place = bench(plan('Events', 'Journal'));
    expect(await place.run(['-q'], { input: 'x\n' })).toMatchObject({ code: 0 });
    writeFileSync(place.path('plan.json'), plan('Events', 'Journal', {}, 'utf8'));
    const { code, stderr } = await place.run([]);
    expect(code).toBe(3);
    expect(stderr).toContain("holds records of codec bytes, but the plan's are of codec utf8");
  });

  test('lies below what is not a folder, or where nothing may be written', async () => {
    const place = bench(plan('Events', 'Journal'));
    writeFileSync(place.path('file'), '');
    const below = await byteor(place.args('--journal', place.path('file/j')), EMPTY);
    expect(below.code).toBe(3);
    expect(below.stderr).toMatch(/Cannot start: cannot make the folder .*file\/j.*Not a directory/);
    mkdirSync(place.path('closed'));
    chmodSync(place.path('closed'), 0o500);
    // Who may do everything is not held back by permissions; /proc takes no folder from anybody.
    const closed = process.getuid?.() === 0 ? '/proc/self/j' : place.path('closed/j');
    const { code, stderr } = await byteor(place.args('--journal', closed), EMPTY);
    expect(code).toBe(3);
    expect(stderr).toContain(`cannot make the folder ${closed}`);
  });

  test('is damaged in the middle', async () => {
    const place = bench(plan('Events', 'Journal'));
    expect(await place.run(['-q'], { input: lines(0, 1000) })).toMatchObject({ code: 0 });
    const segment = join(place.path('j'), 'pass.out', '00000000000000000000.journal');
    const bytes = readFileSync(segment);
    bytes[20_000] = (bytes[20_000] as number) ^ 0x10;
    writeFileSync(segment, bytes);
    const { code, stderr } = await place.run([]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /Cannot start: .*0\.journal is damaged at offset \d+: the record with sequence \d+ does not/,
    );
    expect(readFileSync(segment)).toEqual(bytes);
  });
});

describe('a device that takes no more', () => {
  test('fails the run, and nothing beyond what is in the journal is delivered', async () => {
    const place = bench(plan('Events', 'Journal'));
    // Blocks of 1024 bytes in bash.
    const command = ['ulimit -f 64; exec "$0" "$@"', process.execPath, MAIN];
    const ended = await new Promise<Ended>((resolve) => {
      const args = ['run', place.path('plan.json'), '--ingress', 'in=lines:-', '--egress', 'out=lines:-', '--json'];
      const child = execFile(
        'bash',
        ['-c', ...command, ...args, '--journal', place.path('j')],
        { maxBuffer: 1 << 26 },
        (_, stdout, stderr) => resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
      );
      child.stdin?.on('error', () => {});
      child.stdin?.end(lines(0, 20_000));
    });
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 3, signal: null });
    const facts = JSON.parse(ended.stderr.slice(ended.stderr.indexOf('{'), ended.stderr.lastIndexOf('}') + 1));
    const { journal } = facts.ledger.lanes['pass->out'];
    expect(facts).toMatchObject({ ok: false, ledger: { balanced: true }, failure: { stage: 'pass->out' } });
    expect(facts.failure.cause).toMatch(
      /cannot write to .*File too large; records from sequence \d+ on may or may not be in the journal; raise/,
    );
    const delivered = ended.stdout.split('\n').length - 1;
    // What is whole in the files is delivered, counted, and there afterwards.
    expect(delivered).toBeGreaterThan(0);
    expect(journal).toMatchObject({ appended: delivered, durable: delivered, synced: delivered });
    expect(journal.unwritten).toBe(facts.ledger.lanes['pass->out'].published - delivered);
    expect(await recorded(place, 'pass.out')).toBe(delivered);
    expect(ended.stdout).toBe(lines(0, delivered));
  });
});

describe('a run that is given no folder', () => {
  const runFolders = ({ folder }: Bench): string[] =>
    readdirSync(folder).filter((name) => name.startsWith('byteor-run-'));

  test('makes one, names it at the start, and removes it when everything in it was delivered', async () => {
    const place = bench(plan('Events', 'Journal'));
    const ended = await byteor(place.args('--json'), { cwd: place.folder, input: 'x\n' });
    const said = /^byteor run: The journals of this run are in (.*)\.\n$/.exec(ended.stderr)?.[1] ?? '';
    expect(dirname(said)).toBe(realpathSync(place.folder));
    expect(basename(said)).toMatch(/^byteor-run-graph-\d{8}T\d{6}Z-\d+$/);
    expect(runFolders(place)).toEqual([]);
    expect(outLines(place)).toEqual(['x']);
    // What is gone is no fact of the run.
    expect(JSON.parse(ended.stdout)).not.toHaveProperty('journals');
  });

  test('names it before the first record arrives, so that it is known when the run is killed', async () => {
    const place = bench(plan('Events', 'Journal'));
    const child = byteorChild(place.args(), { cwd: place.folder });
    const said = await new Promise<string>((resolve) => child.stderr?.once('data', (text) => resolve(String(text))));
    const folders = runFolders(place);
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(folders).toHaveLength(1);
    expect(said).toContain(folders[0]);
    expect(runFolders(place)).toEqual(folders);
  });

  test('removes it when a signal ended the run and all was drained', async () => {
    const place = bench(plan('Events', 'Journal'));
    const child = byteorChild(place.args('-q'), { cwd: place.folder });
    const gone = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.stdin?.write('x\n');
    while (!existsSync(place.path('out.log')) || outLines(place).length === 0) await delay(5);
    child.kill('SIGTERM');
    expect(await gone).toBe(143);
    expect(runFolders(place)).toEqual([]);
  });

  test('keeps it when records in it are undelivered, names it, and the next run delivers just these', async () => {
    const place = bench(plan('Events', 'Journal', { fsync: 'none' }));
    const text = lines(0, 40_000);
    const args = ['run', place.path('plan.json'), '--ingress', 'in=lines:-', '--egress', 'out=lines:-', '-q'];
    const child = byteorChild([...args, '--deadline', '0'], { cwd: place.folder });
    let stderr = '';
    child.stderr?.on('data', (more) => {
      stderr += more;
    });
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.stdin?.on('error', () => {});
    child.stdin?.write(text);
    // Nothing reads standard output, so the journal fills behind a pipe that is full.
    const journal = (): string =>
      join(place.folder, runFolders(place)[0] ?? '', 'pass.out', `${'0'.repeat(20)}.journal`);
    while (!existsSync(journal()) || !readFileSync(journal()).includes('record 39999')) await delay(10);
    child.kill('SIGINT');
    expect(await gone).toBe(130);
    const [name = ''] = runFolders(place);
    const kept = new RegExp(
      `/${name} is kept: ([\\d,]+) records in it are undelivered\\. Run again with --journal ${name} `,
    );
    const undelivered = Number(kept.exec(stderr)?.[1]?.replaceAll(',', ''));
    expect(undelivered).toBeGreaterThan(0);
    const again = await byteor([...args, '--journal', name], { cwd: place.folder });
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toBe(lines(40_000 - undelivered, 40_000));
    // The folder is the user's now.
    expect(runFolders(place)).toEqual([name]);
  });

  test('that the machine does not grant its profile to leaves none', async () => {
    const place = bench(plan('Events', 'Journal'));
    const { code } = await byteor(place.args('--cpus', '0', '--require-profile', '--profile', 'isolated-core'), {
      cwd: place.folder,
    });
    expect(code).toBe(5);
    expect(runFolders(place)).toEqual([]);
  });
});

test('the folders of journals are facts of a run that was given one, and stand in its whole summary', async () => {
  const place = bench(plan('Events', 'Journal'));
  const folder = join(place.path('j'), 'pass.out');
  expect(JSON.parse((await place.run(['--json'])).stdout).journals).toEqual({ 'pass->out': folder });
  expect((await place.run(['--verbose'])).stdout).toContain(`pass->out  ${folder}`);
});
