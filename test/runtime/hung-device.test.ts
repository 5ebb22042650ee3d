/** A device that does not answer: every end comes in its time, the event loop goes on, and nothing unproven is promised. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { open } from '../../lib/runtime/open.js';
import { compile } from '../../lib/version/version.js';
import { linePlan } from '../support/line-plan.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const temp = mkdtempSync(join(tmpdir(), 'byteor-hung-'));
const preloaded = join(temp, 'hung-device.so');

beforeAll(() => {
  execFileSync(process.env.CXX ?? 'g++', ['-O1', '-shared', '-fPIC', here('hung-device.cpp'), '-o', preloaded]);
});
afterAll(() => rmSync(temp, { recursive: true, force: true }));

/** Runs the child; the hang goes on until the process is gone, so that nothing of its end can depend on it. */
async function endedBy(way: string, plan = linePlan({ kind: 'Journal', fsync: 'each_batch' })) {
  const folder = mkdtempSync(join(temp, 'journal-'));
  const hang = join(folder, '..', `${way}-hangs`);
  const started = performance.now();
  const child = spawn(process.execPath, [here('hung-device-child.mjs'), JSON.stringify(plan), folder, hang, way], {
    env: { ...process.env, LD_PRELOAD: preloaded, BYTEOR_TEST_HANG: hang },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  const lived = performance.now() - started;
  rmSync(hang, { force: true });
  return { code, lived, folder, ...JSON.parse(said) };
}

describe('a journal whose device hangs in a sync', () => {
  test('lets stop return soon after its deadline, without holding the event loop up', async () => {
    const end = await endedBy('stop');
    expect(end).toMatchObject({ code: 0, durable: 1, durableAfter: 1 });
    expect(end.journal.durable).toBe(1);
    // 200 ms of deadline and 100 ms until the thread is left behind; the rest is what a loaded machine may take.
    expect(end.took).toBeLessThan(3000);
    expect(end.blocked).toBeLessThan(1500);
  });

  test('lets halt return, and what the device had not answered is not durable', async () => {
    const end = await endedBy('halt');
    expect(end).toMatchObject({ code: 0, durable: 1, durableAfter: 1 });
    expect(end.took).toBeLessThan(3000);
  });

  test('lets a wait for durability end with its deadline', async () => {
    expect(await endedBy('untilDurable')).toMatchObject({ code: 0, failed: 'DeadlineError' });
  });

  test('does not keep the process from its exit', async () => {
    const end = await endedBy('exit');
    expect(end.code).toBe(7);
    expect(end.lived).toBeLessThan(10_000);
  });

  test('leaves files of which the next run delivers what was proven, and perhaps more, in order', async () => {
    const plan = linePlan({ kind: 'Journal', fsync: 'each_batch' });
    const { folder } = await endedBy('halt', plan);
    const pipeline = open(compile(plan), { journal: { folder } });
    pipeline.ingress('in').close();
    const seen: string[] = [];
    for await (const record of pipeline.egress('out')) seen.push(record);
    const pushed = ['proven', ...Array.from({ length: 10 }, (_, k) => `record ${k}`)];
    expect(seen).toEqual(pushed.slice(11 - seen.length));
    // `proven` may have been delivered by the first run already; whatever it had not synced is still in the files.
    expect(seen.length).toBeGreaterThanOrEqual(10);
    expect(pipeline.halt().balanced).toBe(true);
  });
});
