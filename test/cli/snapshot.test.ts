import { type ChildProcess, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { byteor, byteorChild, ROOT, temporaryFile, temporaryFolder } from './child.js';
import { YAML_PLAN } from './plans.js';

/** A runtime folder of the test's own, so that other runs of this user are not seen. */
function ownFolder(): { XDG_RUNTIME_DIR: string } {
  return { XDG_RUNTIME_DIR: temporaryFolder() };
}

/** An observed run that has passed some records on and waits for more. */
async function observedRun(env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const plan = temporaryFile('plan.yaml', YAML_PLAN);
  const child = byteorChild(['run', plan, '--ingress', 'in=lines:-', '--egress', 'out=lines:-', '--observe'], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin?.write('ERROR one\nINFO two\nERROR three\n');
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

interface Region {
  readonly path: string;
  readonly alive: boolean;
}

/** What is listed of the test's own folder; other places of this user may hold something too. */
async function ownRegions(env: { XDG_RUNTIME_DIR: string }): Promise<Region[]> {
  const { code, stdout } = await byteor(['snapshot', '--json'], { env });
  expect(code).toBe(0);
  return (JSON.parse(stdout) as Region[]).filter(({ path }) => path.startsWith(env.XDG_RUNTIME_DIR));
}

const exited = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));

describe('byteor snapshot', () => {
  test('lists what can be looked at', async () => {
    const env = ownFolder();
    expect(await ownRegions(env)).toEqual([]);
    const child = await observedRun(env);
    expect(await ownRegions(env)).toMatchObject([{ pid: child.pid, pipeline: 1, name: 'errors', state: 'Running' }]);
    const { stdout } = await byteor(['snapshot'], { env });
    expect(stdout).toMatch(/^pipeline +name +state +region\n/);
    expect(stdout).toMatch(new RegExp(`^${child.pid}/1 +errors +Running +/`, 'm'));
  });

  test('shows every agent with its sequence, lag and state, and every thread', async () => {
    const env = ownFolder();
    const child = await observedRun(env);
    const { code, stdout } = await byteor(['snapshot', '--json', String(child.pid)], { env });
    expect(code).toBe(0);
    const { alive, name, pid, agents, threads } = JSON.parse(stdout);
    expect({ alive, name, pid }).toEqual({ alive: true, name: 'errors', pid: child.pid });
    expect(agents.map(({ id, sequence }: { id: string; sequence: number }) => [id, sequence])).toEqual([
      ['in', 3],
      ['keep', 3],
      ['total', 3],
      ['out', 3],
    ]);
    expect(threads.length).toBeGreaterThan(0);
    const text = await byteor(['snapshot', `${child.pid}/1`], { env });
    expect(text.stdout).toMatch(new RegExp(`^errors {2}[0-9a-f]{12} {2}${child.pid}/1 {2}Running for [\\d.]+ s\n`));
    expect(text.stdout).toMatch(/^ {2}agent +thread +state +sequence +lag +p50 +p99 +max +waits for$/m);
    expect(text.stdout).toMatch(/^ {2}keep +byteor-1-\d +\w+ +3 +0/m);
  });

  test('says what holds everybody up when nobody reads the output', async () => {
    const env = ownFolder();
    const input = temporaryFile('big.log', 'ERROR that nobody reads\n'.repeat(500_000));
    const plan = temporaryFile('plan.yaml', YAML_PLAN);
    const ends = ['--ingress', `in=lines:${input}`, '--egress', 'out=lines:-'];
    const child = byteorChild(['run', plan, ...ends, '--observe', '--wait', 'park'], { env });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdout?.pause();
    const agent = async (id: string) => {
      const { stdout } = await byteor(['snapshot', '--json', String(child.pid)], { env });
      return JSON.parse(stdout || '{"agents":[]}').agents.find((found: { id: string }) => found.id === id);
    };
    while ((await agent('in'))?.state !== 'Stalled') await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await agent('in')).toMatchObject({ blocked_on: [{ agent: 'out', state: 'Stalled' }], blame: 'in -> out' });
    const { stdout } = await byteor(['snapshot', String(child.pid)], { env });
    expect(stdout).toMatch(/^ {2}in +byteor-\S+ +Stalled .* out \(Stalled\)$/m);
    expect(stdout).toContain('! held up at in -> out');
  });

  test('the region of a process that exits in the middle is gone', async () => {
    const env = ownFolder();
    const script = `
      const { compile, open, validateText } = await import(${JSON.stringify(join(ROOT, 'dist', 'index.js'))});
      const { plan } = validateText(${JSON.stringify(YAML_PLAN)});
      const pipeline = open(compile(plan), { observe: true });
      process.stdout.write(pipeline.status().region.path, () => process.exit(0));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, ...env },
    });
    expect(stdout).toContain(env.XDG_RUNTIME_DIR);
    expect(existsSync(stdout)).toBe(false);
  });

  test('shows how a killed pipeline was left, also by the file of its region', async () => {
    const env = ownFolder();
    const child = await observedRun(env);
    child.kill('SIGKILL');
    await exited(child);
    const left = (await ownRegions(env))[0] as Region;
    expect(left).toMatchObject({ pid: child.pid, pipeline: 1, alive: false, name: 'errors' });
    const { code, stdout } = await byteor(['snapshot', left.path], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('its process is gone; this is its last state');
  });

  test('the region of a run that ended is gone', async () => {
    const env = ownFolder();
    const child = await observedRun(env);
    const { path } = (await ownRegions(env))[0] as Region;
    expect(existsSync(path)).toBe(true);
    child.stdin?.end();
    expect(await exited(child)).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test('so is that of a run whose reader went away', async () => {
    const env = ownFolder();
    const child = await observedRun(env);
    const { path } = (await ownRegions(env))[0] as Region;
    child.stdout?.destroy();
    child.stdin?.write('ERROR four\n');
    expect(await exited(child)).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test('a process that cannot be looked at is wrong usage', async () => {
    const { code, stderr } = await byteor(['snapshot', '1'], { env: ownFolder() });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^byteor snapshot: There is no observed pipeline 1\.\n`byteor snapshot` lists those of this user/,
    );
  });

  test.each([
    ['text', 'these are no bytes of a region'.repeat(100)],
    ['nothing', ''],
    ['a header that claims too much', Buffer.concat([Buffer.from('BTRR\x01\0\0\0'), Buffer.alloc(2000, 0xff)])],
  ])('a file that holds %s is refused by name', async (_, content) => {
    const { code, stdout, stderr } = await byteor(['snapshot', temporaryFile('x.region', content)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^byteor snapshot: Cannot look at ".*x\.region": .*region/);
  });
});
