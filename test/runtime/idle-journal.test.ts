import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptionsOf } from '../../lib/runtime/options.js';
import { compile } from '../../lib/version/version.js';

/**
 * What was pushed becomes durable by itself: nothing follows that could wake the thread of the files. Each policy, with each
 * way in which threads wait and are placed.
 */

const INTERVAL_MS = 60;
const POLICIES = ['each_batch', 'none', { interval_ms: INTERVAL_MS }] as const;
const WAITS = ['adaptive', 'spin', 'yield', 'park'] as const;
const PROFILES = ['default', 'low-latency', 'isolated-core'] as const;
/** One thread for all roles, some, and one each. */
const THREADS = [1, 2, 4] as const;

const plan = (fsync: (typeof POLICIES)[number], name: string) =>
  ({
    version: 2,
    name,
    target: 'LaneGraph',
    stages: [
      { id: 'pass', op: 'identity' },
      { id: 'sum', op: 'checksum' },
    ],
    boundaries: [
      { id: 'in', kind: 'ingress', codec: 'utf8' },
      { id: 'out', kind: 'egress', codec: 'utf8' },
    ],
    lane_graph: {
      connections: [
        { from: 'in', to: 'pass', lane: { kind: 'Journal', fsync } },
        { from: 'pass', to: 'sum', lane: { kind: 'Events' } },
        { from: 'sum', to: 'out', lane: { kind: 'Events' } },
      ],
    },
  }) as const satisfies LaneGraphPlan;

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

function start(fsync: (typeof POLICIES)[number], options: OpenOptionsOf<ReturnType<typeof plan>>) {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-idle-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const pipeline = open(compile(plan(fsync, 'idle')), { journal: { folder }, ports: { out: 'discard' }, ...options });
  opened.push(pipeline);
  return pipeline;
}

describe.each(POLICIES)('with fsync %j', (fsync) => {
  describe.each(PROFILES)('under the profile %s', (profile) => {
    test.each(WAITS.flatMap((wait) => THREADS.map((threads) => [wait, threads] as const)))(
      'a record that nothing follows becomes durable: wait %s, %d threads',
      async (wait, threads) => {
        const pipeline = start(fsync, { profile, wait, threads });
        const ingress = pipeline.ingress('in');
        for (let turn = 0; turn < 2; turn++) {
          await ingress.push(`record ${turn}`);
          await ingress.untilDurable({ deadline: 20_000 });
          const journal = pipeline.ledger().lanes['in->pass']?.journal;
          expect(journal?.durable).toBe(turn + 1);
          // Without a sync, durable is what the kernel has.
          if (fsync !== 'none') expect(journal?.synced).toBe(turn + 1);
        }
      },
      60_000,
    );
  });
});

test('a sync is not made before its interval', async () => {
  const pipeline = start({ interval_ms: INTERVAL_MS }, { wait: 'park' });
  const ingress = pipeline.ingress('in');
  const began = performance.now();
  await ingress.push('x');
  await ingress.untilDurable({ deadline: 20_000 });
  expect(performance.now() - began).toBeGreaterThanOrEqual(INTERVAL_MS / 2);
});
