import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCommandLine } from '../../lib/cli/program.js';
import { Channel } from '../../lib/cli/terminal.js';
import { lifeByAge, lifeOf } from '../../lib/observe/process-life.js';
import { byteorChild, type Ended, temporaryFile, temporaryFolder } from './child.js';
import { YAML_PLAN } from './plans.js';

/** What killed processes leave behind: listed, looked at, pruned, and never taken for another process's. */

// Only folders of the test's own are looked at: a real `--prune` would take what the user wants to keep.
const places = vi.hoisted(() => ({ own: [] as string[] }));
vi.mock('../../lib/observe/folders.js', async (original) => ({
  ...(await original<typeof import('../../lib/observe/folders.js')>()),
  folderCandidates: () => places.own,
}));

type Env = { readonly XDG_RUNTIME_DIR: string };

function ownFolders(): Env {
  const folder = temporaryFolder();
  places.own = [join(folder, 'byteor'), join(folder, 'other')];
  return { XDG_RUNTIME_DIR: folder };
}

function textChannel(): { channel: Channel; text: () => string } {
  let text = '';
  const stream = { isTTY: false, write: (part: string) => (text += part) };
  return { channel: new Channel(stream as unknown as NodeJS.WriteStream), text: () => text };
}

/** The verb in this process. */
async function byteor(args: readonly string[]): Promise<Omit<Ended, 'signal'>> {
  const [out, err] = [textChannel(), textChannel()];
  const code = await runCommandLine(args, { out: out.channel, err: err.channel });
  return { code, stdout: out.text(), stderr: err.text() };
}

interface Listed {
  readonly path: string;
  readonly pid: number;
  readonly process: string;
  readonly alive: boolean | null;
  readonly name: string | null;
}

async function listed(): Promise<Listed[]> {
  const { code, stdout } = await byteor(['snapshot', '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Listed[];
}

const exited = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));

async function observedRun(env: Env): Promise<ChildProcess> {
  const plan = temporaryFile('plan.yaml', YAML_PLAN);
  const child = byteorChild(['run', plan, '--ingress', 'in=lines:-', '--egress', 'out=lines:-', '--observe'], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin?.write('ERROR one\n');
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

/** A region that a killed process left behind. */
async function deadRegion(env: Env): Promise<{ path: string; pid: number }> {
  const child = await observedRun(env);
  child.kill('SIGKILL');
  await exited(child);
  const found = (await listed()).find(({ pid }) => pid === child.pid);
  if (found === undefined) throw new Error('a killed process left no region behind');
  return { path: found.path, pid: found.pid };
}

const NAME = /^pipeline-(\d+)-(\d+)\.(\d+)\.(\d+)\.([0-9a-f]{32})\.region$/;

describe('what a killed process left behind', () => {
  test('is listed as dead, shown as it was left, and says so', async () => {
    const env = ownFolders();
    const { path, pid } = await deadRegion(env);
    expect(basename(path)).toMatch(NAME);
    expect(await listed()).toMatchObject([{ path, pid, process: 'gone', alive: false, name: 'errors' }]);
    const list = await byteor(['snapshot']);
    expect(list.stdout).toMatch(new RegExp(`^${pid}/1 +errors +Running, process gone +/`, 'm'));
    expect(list.stderr).toContain('1 region of processes that are gone: `byteor snapshot --prune` removes them.');
    for (const which of [path, String(pid), `${pid}/1`]) {
      const { code, stdout } = await byteor(['snapshot', '--json', which]);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        process: 'gone',
        alive: false,
        name: 'errors',
        pid,
        state: 'Running',
      });
      expect((await byteor(['snapshot', which])).stdout).toContain('its process is gone; this is its last state');
    }
  });

  test('is removed by --prune, and nothing that lives is', async () => {
    const env = ownFolders();
    const alive = await observedRun(env);
    const { path, pid } = await deadRegion(env);
    const { code, stdout } = await byteor(['snapshot', '--prune', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ removed: [{ path, pid, pipeline: 1 }] });
    expect(existsSync(path)).toBe(false);
    expect(await listed()).toMatchObject([{ pid: alive.pid, process: 'alive', alive: true }]);
    const again = await byteor(['snapshot', '--prune']);
    expect(again).toMatchObject({ code: 0, stdout: '', stderr: 'There is no region to remove.\n' });
  });

  test('is removed alone where it is named', async () => {
    const env = ownFolders();
    const [one, other] = [await deadRegion(env), await deadRegion(env)];
    expect(await byteor(['snapshot', '--prune', String(one.pid)])).toMatchObject({
      code: 0,
      stdout: `removed ${one.path}\n`,
    });
    expect([existsSync(one.path), existsSync(other.path)]).toEqual([false, true]);
  });

  test('is counted by doctor, with what it takes, until it is pruned', async () => {
    const place = join(ownFolders().XDG_RUNTIME_DIR, 'byteor');
    mkdirSync(place, { mode: 0o700 });
    for (const pipeline of [1, 2])
      writeFileSync(join(place, `pipeline-${2 ** 22 + pipeline}-1.region`), Buffer.alloc(256 * 1024, 1));
    writeFileSync(join(place, `pipeline-${process.pid}-1.region`), Buffer.alloc(256 * 1024, 1));
    const line = async () => {
      const { stdout } = await byteor(['doctor']);
      return /^. \w+ +DEAD_REGIONS +(.*\n.*\n)/m.exec(stdout)?.[1]?.replaceAll(/\s+/g, ' ');
    };
    expect(await line()).toMatch(
      /^2 killed pipelines left 51[2-9](\.\d)? KiB behind\. `byteor snapshot` lists them; `byteor snapshot --prune` removes them\. $/,
    );
    await byteor(['snapshot', '--prune']);
    expect(await line()).toContain('no killed pipeline left its region behind');
  });

  test('stays until it is pruned', async () => {
    const env = ownFolders();
    const { path } = await deadRegion(env);
    const child = await observedRun(env);
    await byteor(['snapshot']);
    child.stdin?.end();
    expect(await exited(child)).toBe(0);
    expect(existsSync(path)).toBe(true);
  });

  test('what lives is not removed by name either', async () => {
    const env = ownFolders();
    const child = await observedRun(env);
    const { code, stderr } = await byteor(['snapshot', '--prune', String(child.pid)]);
    expect(code).toBe(2);
    expect(stderr).toContain('belongs to a process that may still run');
    expect(await listed()).toHaveLength(1);
    const file = temporaryFile('notes.txt', 'mine');
    expect((await byteor(['snapshot', '--prune', file])).code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('is listed and removed also when it cannot be read', async () => {
    const env = ownFolders();
    const { path } = await deadRegion(env);
    writeFileSync(path, Buffer.alloc(100));
    expect(await listed()).toMatchObject([{ path, process: 'gone', name: null, state: null }]);
    expect((await byteor(['snapshot'])).stdout).toContain('(cannot be read)');
    await byteor(['snapshot', '--prune']);
    expect(existsSync(path)).toBe(false);
  });

  test('is of an older release: listed, and removed when no such process is there', async () => {
    const env = ownFolders();
    const { path, pid } = await deadRegion(env);
    const old = join(dirname(path), `pipeline-${pid}-1.region`);
    copyFileSync(path, old);
    expect((await listed()).map(({ path: place, process }) => [place, process])).toEqual(
      expect.arrayContaining([[old, 'gone']]),
    );
    await byteor(['snapshot', '--prune']);
    expect(readdirSync(dirname(old)).filter((name) => name.endsWith('.region'))).toEqual([]);
  });

  test('of several with one number the living one is meant', async () => {
    const env = ownFolders();
    const child = await observedRun(env);
    const [{ path }] = (await listed()) as [Listed];
    const [, pid, number, start, namespace, boot] = NAME.exec(basename(path)) as RegExpExecArray;
    const older = join(dirname(path), `pipeline-${pid}-${number}.${Number(start) - 1}.${namespace}.${boot}.region`);
    copyFileSync(path, older);
    const { stdout } = await byteor(['snapshot', '--json', `${pid}/${number}`]);
    expect(JSON.parse(stdout)).toMatchObject({ process: 'alive', pid: child.pid });
    await byteor(['snapshot', '--prune', `${pid}/${number}`]);
    expect([existsSync(path), existsSync(older)]).toEqual([true, false]);
  });
});

describe.runIf(process.platform === 'linux')('a process', () => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] as string;
  const stat = (pid: number | 'self') =>
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') as string[];
  const self = { pid: process.pid, start: stat('self')[19] as string, namespace, boot };

  test('is known by id, start, namespace and the start of the machine', () => {
    expect(lifeOf(self)).toBe('alive');
    expect(lifeOf({ ...self, start: String(Number(self.start) + 1) })).toBe('gone');
    expect(lifeOf({ ...self, boot: boot.replace(/./, (digit) => (digit === '0' ? '1' : '0')) })).toBe('gone');
    expect(lifeOf({ ...self, pid: 2 ** 22 + 1 })).toBe('gone');
  });

  test('of a container that is not there is gone, or cannot be told from within another one', () => {
    const expected = namespace === '4026531836' ? 'gone' : 'unknown';
    expect(lifeOf({ ...self, namespace: '1' })).toBe(expected);
  });

  test('that told nothing of itself is taken by its id', () => {
    expect(lifeOf({ ...self, start: '0' })).toBe('alive');
    expect(lifeOf({ ...self, start: '0', pid: 2 ** 22 + 1 })).toBe('gone');
  });

  test('that has ended and was not waited for is gone', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 30']);
    onTestFinished(() => void parent.kill('SIGKILL'));
    const text = await new Promise<string>((resolve) => parent.stdout.once('data', (data) => resolve(String(data))));
    const pid = Number(text);
    while (stat(pid)[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(lifeOf({ pid, start: stat(pid)[19] as string, namespace, boot })).toBe('gone');
  });

  test('is not the one that made an older file, whatever its id', () => {
    expect(lifeByAge(process.pid, Date.now())).toBe('alive');
    expect(lifeByAge(process.pid, Date.now() - 30 * 86_400_000)).toBe('gone');
    expect(lifeByAge(process.pid, 0)).toBe('alive');
    expect(lifeByAge(2 ** 22 + 1, Date.now())).toBe('gone');
  });

  test('that comes with the id of a dead one can be observed', async () => {
    const env = ownFolders();
    const place = join(env.XDG_RUNTIME_DIR, 'byteor');
    mkdirSync(place, { mode: 0o700 });
    // What the process before left behind under every id that this one can get.
    const child = await observedRun(env);
    const [{ path }] = (await listed()) as [Listed];
    writeFileSync(join(place, `pipeline-${child.pid}-1.region`), '');
    expect(basename(path)).toMatch(NAME);
    expect((await byteor(['snapshot', path])).code).toBe(0);
  });
});
