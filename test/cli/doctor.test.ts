import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Check,
  checkAddon,
  checkAskedCpus,
  checkCpus,
  checkDeadRegions,
  checkFolder,
  checkIsolatedCpus,
  checkLockedMemory,
  checkMemory,
  checkNode,
  checkPlatform,
  checkQuota,
  checkRealTime,
  checkThreads,
} from '../../lib/cli/doctor-checks.js';
import { OP_CATALOG } from '../../lib/plan/op-catalog.js';
import type { Capabilities } from '../../lib/runtime/machine.js';
import { byteor, temporaryFile, temporaryFolder } from './child.js';
import { GRAPH_PLAN, IDENTITY_PLAN, YAML_PLAN } from './plans.js';

const MIB = 2 ** 20;

const machine = (changes: Partial<Capabilities> = {}): Capabilities => ({
  spec_layout_version: 2,
  region_layout_version: 2,
  cpus: { allowed: [0, 1, 2, 3], isolated: [], share: 4, threads: 4, quota: null },
  memory: null,
  features: { lane_graph_journal: true, lane_graph_fanout: true, json_expressions: true },
  adapters: [],
  targets: ['SingleRing', 'LaneGraph'],
  ...changes,
});

describe('byteor doctor', () => {
  test('looks at the machine, each fact with a code and a verdict', async () => {
    const { code, stdout, stderr } = await byteor(['doctor', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { ok, checks } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(checks.map((check: Check) => check.code)).toEqual([
      'NODE_VERSION',
      'PLATFORM',
      'ADDON',
      'CPUS',
      'CPU_QUOTA',
      'MEMORY_LIMIT',
      'MEMLOCK',
      'ISOLATED_CPUS',
      'REAL_TIME',
      'RUNTIME_FOLDER',
      'DEAD_REGIONS',
    ]);
    for (const check of checks) expect(['ok', 'warn']).toContain(check.verdict);
  });

  test('prints a line for each, and a verdict', async () => {
    const { code, stdout } = await byteor(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ ok +NODE_VERSION +Node v\d+/);
    expect(stdout).toMatch(/\n(no problems found|\d+ warnings?)\n$/);
  });

  test('says whether a plan gets its threads and its memory', async () => {
    const { stdout } = await byteor(['doctor', '--json', '--observe', '-'], { input: YAML_PLAN });
    const codes = JSON.parse(stdout).checks.map((check: Check) => check.code);
    expect(codes).toEqual(expect.arrayContaining(['PLAN_THREADS', 'PLAN_MEMORY', 'OBSERVE']));
  });

  test('exits with 5 when a requirement is not met', async () => {
    const { code, stdout } = await byteor(['doctor', '-', '--cpus', '1000'], { input: IDENTITY_PLAN });
    expect(code).toBe(5);
    expect(stdout).toMatch(/✗ fail +ASKED_CPUS +--cpus names 1000, which this process may not use\.\n +Choose from /);
    expect(stdout).toMatch(/1 requirement not met\n$/);
  });

  test('says whether a graph gets the memory of its lanes', async () => {
    const { stdout } = await byteor(['doctor', '--json', '-'], { input: GRAPH_PLAN });
    const codes = JSON.parse(stdout).checks.map((check: Check) => check.code);
    expect(codes).toContain('PLAN_MEMORY');
    expect(codes).not.toContain('PLAN_THREADS');
  });

  test('exits with 5 where the core cannot be loaded, and says why', async () => {
    const { code, stdout } = await byteor(['doctor', '--json'], { env: { NODE_OPTIONS: '--no-addons' } });
    expect(code).toBe(5);
    expect(JSON.parse(stdout).checks.at(-1)).toMatchObject({
      code: 'ADDON',
      verdict: 'fail',
      message: expect.stringContaining('loading addons is disabled'),
      fix: expect.stringContaining('npx byteor build'),
    });
  });

  test('prints the errors of a plan that has some', async () => {
    const { code, stderr } = await byteor(['doctor', '-'], { input: YAML_PLAN.replace('[keep]', '[kep]') });
    expect(code).toBe(1);
    expect(stderr).toContain('RING_DEPENDS_UNKNOWN');
  });

  test('warns of a runtime folder that others can reach', async () => {
    const runtime = temporaryFolder();
    mkdirSync(join(runtime, 'byteor'));
    chmodSync(join(runtime, 'byteor'), 0o755);
    const { stdout } = await byteor(['doctor', '--json'], { env: { XDG_RUNTIME_DIR: runtime } });
    const folder = JSON.parse(stdout).checks.find((check: Check) => check.code === 'RUNTIME_FOLDER');
    expect(folder).toMatchObject({ verdict: 'warn', message: expect.stringContaining(join(runtime, 'byteor')) });
  });
});

describe('the verdict on', () => {
  test('an old Node is a failure', () => {
    expect(checkNode('v20.19.0').verdict).toBe('ok');
    expect(checkNode('v22.1.0').verdict).toBe('ok');
    expect(checkNode('v20.18.3')).toMatchObject({ verdict: 'fail', fix: 'Install Node 20.19 or newer.' });
  });

  test('a platform without a prebuilt core is a warning', () => {
    expect(checkPlatform('linux', 'arm64', 'glibc 2.36').verdict).toBe('ok');
    expect(checkPlatform('linux', 'x64', 'musl')).toMatchObject({
      verdict: 'warn',
      message: expect.stringContaining('linux-x64, musl'),
    });
    expect(checkPlatform('darwin', 'arm64', undefined).verdict).toBe('warn');
  });

  test('a missing core is a failure', () => {
    expect(checkAddon(undefined).verdict).toBe('ok');
    expect(checkAddon('no such file').message).toBe('The native core cannot be loaded: no such file');
  });

  test('a single CPU is a warning', () => {
    const one = machine({ cpus: { allowed: [3], isolated: [], share: 1, threads: 1, quota: null } });
    expect(checkCpus(machine()).message).toBe('this process may use 4 CPUs: 0-3');
    expect(checkCpus(one)).toMatchObject({ verdict: 'warn', message: expect.stringContaining('only CPU 3') });
  });

  test('a quota below the CPUs is a warning that says how many threads fit', () => {
    const quota = { cpus: 1.5, group: '/a' };
    const tight = machine({ cpus: { allowed: [0, 1, 2, 3], isolated: [], share: 1.5, threads: 1, quota } });
    expect(checkQuota(machine()).verdict).toBe('ok');
    expect(checkQuota(tight)).toMatchObject({ verdict: 'warn', fix: 'Raise cpu.max, or run with --threads 1.' });
  });

  test('little room for memory is a warning', () => {
    const memory = (room: number) => ({
      limit_bytes: 512 * MIB,
      used_bytes: 512 * MIB - room,
      room_bytes: room,
      group: '/a',
    });
    expect(checkMemory(machine({ memory: memory(100 * MIB) })).verdict).toBe('ok');
    expect(checkMemory(machine({ memory: memory(10 * MIB) }))).toMatchObject({
      verdict: 'warn',
      fix: expect.stringMatching(/memory\.max/),
    });
  });

  test('memory that a profile cannot lock is a failure, unless the process is privileged', () => {
    expect(checkLockedMemory(8 * MIB, false, undefined).verdict).toBe('ok');
    expect(checkLockedMemory(8 * MIB, false, 9 * MIB)).toMatchObject({
      code: 'MEMLOCK',
      verdict: 'fail',
      fix: expect.stringMatching(/ulimit -l/),
    });
    expect(checkLockedMemory(8 * MIB, true, 9 * MIB).verdict).toBe('ok');
    expect(checkLockedMemory(Number.POSITIVE_INFINITY, false, 9 * MIB).verdict).toBe('ok');
  });

  test('isolated CPUs and the real-time class matters to the profile isolated-core only', () => {
    const isolated = machine({ cpus: { allowed: [0, 1, 2, 3], isolated: [2, 3], share: 4, threads: 4, quota: null } });
    expect(checkIsolatedCpus(machine(), 'default').verdict).toBe('ok');
    expect(checkIsolatedCpus(machine(), 'isolated-core').verdict).toBe('fail');
    expect(checkIsolatedCpus(isolated, 'isolated-core').message).toBe('the kernel keeps CPUs 2-3 free');
    expect(checkRealTime(0, false, 'low-latency').verdict).toBe('ok');
    expect(checkRealTime(0, false, 'isolated-core')).toMatchObject({
      verdict: 'fail',
      fix: expect.stringMatching(/ulimit -r/),
    });
    expect(checkRealTime(0, true, 'isolated-core').verdict).toBe('ok');
  });

  test('more threads than CPUs is a failure when they were asked for', () => {
    expect(checkThreads(4, undefined, machine()).verdict).toBe('ok');
    expect(checkThreads(5, undefined, machine()).verdict).toBe('warn');
    expect(checkThreads(5, 5, machine())).toMatchObject({ verdict: 'fail', fix: expect.stringMatching(/--threads 4/) });
    expect(checkAskedCpus([0, 9], machine())[0]).toMatchObject({ verdict: 'fail', fix: 'Choose from 0-3.' });
    expect(checkAskedCpus([0, 1], machine())[0]?.verdict).toBe('ok');
    expect(checkAskedCpus(undefined, machine())).toEqual([]);
  });

  test('regions that killed pipelines left behind is a warning with their number, their size and the command', () => {
    expect(checkDeadRegions([])).toMatchObject({ verdict: 'ok' });
    expect(checkDeadRegions([4096])).toEqual({
      code: 'DEAD_REGIONS',
      verdict: 'warn',
      message: '1 killed pipeline left 4 KiB behind.',
      fix: '`byteor snapshot` lists it; `byteor snapshot --prune` removes it.',
    });
    expect(checkDeadRegions([3 * MIB, MIB, 0])).toMatchObject({ message: '3 killed pipelines left 4 MiB behind.' });
  });

  test('a machine without any usable runtime folder is a warning', () => {
    const folder = (state: 'own' | 'missing' | 'foreign' | 'unusable') => ({ path: `/${state}`, state, freeBytes: 1 });
    expect(checkFolder([folder('unusable'), folder('missing')])).toMatchObject({
      verdict: 'ok',
      message: /^\/missing/,
    });
    expect(checkFolder([folder('foreign'), folder('own')])).toMatchObject({ verdict: 'warn', message: /\/own is\.$/ });
    expect(checkFolder([folder('unusable')])).toMatchObject({
      verdict: 'warn',
      fix: expect.stringMatching(/XDG_RUNTIME_DIR/),
    });
  });
});

describe('byteor capabilities', () => {
  test('lists every op with help, access and the schema of its config', async () => {
    const { code, stdout, stderr } = await byteor(['capabilities', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = JSON.parse(stdout);
    expect(facts.ops.map(({ op }: { op: string }) => op)).toEqual([...OP_CATALOG.keys()]);
    for (const { access, help, config } of facts.ops) {
      expect(['read', 'write']).toContain(access);
      expect(help).toMatch(/\.$/);
      expect(config.type).toBe('object');
    }
    expect(facts).toMatchObject({
      addon: { loaded: true },
      features: { lane_graph_journal: true, lane_graph_fanout: true, json_expressions: true },
      targets: { validated: ['SingleRing', 'LaneGraph'], run: ['SingleRing', 'LaneGraph'] },
      limits: { plan: { RING_STAGES_MAX: 64 } },
    });
  });

  test('works, and says so, where the core cannot be loaded', async () => {
    const env = { NODE_OPTIONS: '--no-addons' };
    const { code, stdout } = await byteor(['capabilities', '--json'], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      addon: { loaded: false, reason: expect.stringMatching(/disabled/) },
      targets: { run: [] },
    });
    expect((await byteor(['capabilities'], { env })).stdout).toMatch(/^core +cannot be loaded: /m);
  });

  test('the features that the command line assumes are those that the core reports', async () => {
    const loaded = JSON.parse((await byteor(['capabilities', '--json'])).stdout);
    const missing = JSON.parse(
      (await byteor(['capabilities', '--json'], { env: { NODE_OPTIONS: '--no-addons' } })).stdout,
    );
    expect(missing.features).toEqual(loaded.features);
  });

  test('prints a summary for people', async () => {
    const { stdout } = await byteor(['capabilities']);
    expect(stdout).toMatch(/^byteor \d+\.\d+\.\d+ {2}Node v/);
    expect(stdout).toMatch(/^ {2}identity +read: Passes every record on unchanged\.$/m);
  });
});

test('a plan is given whose file cannot be read: wrong usage', async () => {
  const { code, stderr } = await byteor(['doctor', join(temporaryFile('x', ''), 'y')]);
  expect(code).toBe(2);
  expect(stderr).toContain('a part of its path is not a folder (ENOTDIR)');
});
