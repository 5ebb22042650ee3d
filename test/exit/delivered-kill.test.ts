import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PipelinePlanV2 } from '../../lib/plan/document.js';
import { ringVersion } from '../runtime/rings.js';

/** Kills of each of the two plans: 6 in all here, 200 by `npm run soak -- delivered`. */
const KILLS = Number(process.env.BYTEOR_DELIVERED_KILLS ?? '3');
/** Longest life of a child after it has opened; of the first one, after its first acknowledgement. */
const LIFE_MS = 60;
const CHILD = fileURLToPath(new URL('../runtime/delivered-child.mjs', import.meta.url));

const events = (from: string, to: string) => ({ from, to, lane: { kind: 'Events', capacity_bytes: 4096 } });

/** Two ways by key, behind each a filter that passes all, brought together. */
const GRAPH = {
  version: 2,
  name: 'ways',
  target: 'LaneGraph',
  stages: [
    { id: 'a', op: 'filter', config: { contains: 'x' } },
    { id: 'b', op: 'identity' },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  lane_graph: {
    connections: [events('in', 'a'), events('in', 'b'), events('a', 'out'), events('b', 'out')],
    boundary_policy: { in: { kind: 'KeyHash', key: { kind: 'token', separator: ',', index: 0 } } },
  },
} as const;

const RING = ringVersion({ codec: 'utf8', shards: 2, shard_key: { kind: 'token', separator: ',', index: 0 } }).plan;

/** Starts a child and kills it at a moment of chance; how many of all records it had acknowledged. */
async function killOnce(plan: PipelinePlanV2, file: string, from: number, run: number): Promise<number> {
  const options = JSON.stringify({ pin: false, ...(run % 2 === 0 ? {} : { threads: 1 }) });
  const child = spawn(process.execPath, [CHILD, JSON.stringify(plan), file, `${from}`, options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'close');
  let said = '';
  let dying = false;
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    // The first one lives until it has acknowledged something, whatever else the machine does.
    if (dying || (run === 0 && said.split('\n').length < 3)) return;
    dying = true;
    setTimeout(() => child.kill('SIGKILL'), Math.random() * LIFE_MS);
  });
  await gone;
  expect(child.signalCode).toBe('SIGKILL');
  // A number that was cut in the middle acknowledges nothing.
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

describe.each([
  ['a graph', GRAPH as unknown as PipelinePlanV2],
  ['a ring', RING as unknown as PipelinePlanV2],
])('processes that are killed one after the other while %s writes a file', (_, plan) => {
  test('leave every acknowledged record in it, so that a source which repeats the others loses none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'byteor-delivered-kill-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'out');
    let acknowledged = 0;
    for (let run = 0; run < KILLS; run++) {
      acknowledged = await killOnce(plan, file, acknowledged, run);
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const there = new Set(text.split('\n'));
      const lost = Array.from({ length: acknowledged }, (_, k) => `${k},x`).filter((record) => !there.has(record));
      expect(lost).toEqual([]);
    }
    expect(acknowledged).toBeGreaterThan(0);
  });
});
