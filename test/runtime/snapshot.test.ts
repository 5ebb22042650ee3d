import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HISTOGRAM_COUNTS, HISTOGRAM_MAX_NS } from '../../lib/abi/definition.js';
import { HistogramSum, histogramIndex, histogramValue, summarizeHistogram } from '../../lib/region/histogram.js';
import { RegionError } from '../../lib/region/region.js';
import { readSnapshot } from '../../lib/region/snapshot.js';
import { collect, openRing, until } from './rings.js';

describe('a snapshot', () => {
  test('names every agent with its sequence, lag and thread', async () => {
    const stages = [
      { id: 'first', op: 'identity' },
      { id: 'second', op: 'checksum' },
    ];
    const pipeline = openRing({ codec: 'utf8', stages }, { threads: 2 });
    pipeline.ingress('in').tryPushBatch(['a', 'b', 'c']);
    pipeline.ingress('in').flush();
    await until(() => pipeline.snapshot().agents[2]?.sequence === 3);
    const { agents, threads, ...facts } = pipeline.snapshot();
    expect(facts).toMatchObject({
      name: 'ring',
      version: pipeline.version,
      pid: process.pid,
      target: 'SingleRing',
      state: 'Running',
      failure: null,
    });
    expect(agents.map(({ id, kind, shard, sequence, lag }) => [id, kind, shard, sequence, lag])).toEqual([
      ['in', 'ingress', 0, 3, 3],
      ['first', 'stage', 0, 3, 0],
      ['second', 'stage', 0, 3, 0],
      ['out', 'egress', 0, 0, 3],
    ]);
    expect(agents.map((agent) => agent.thread === null)).toEqual([true, false, false, true]);
    expect(threads.map((thread) => thread.name)).toEqual(
      threads.map((_, index) => `byteor-${pipeline.number}-${index}`),
    );
    for (const thread of threads) expect(thread.tid).toBeGreaterThan(0);
  });

  test('has a latency for every hop once a record was sampled', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const pushing = pipeline.ingress('in').pushBatch(Array.from({ length: 5000 }, () => 'x'));
    await collect(pipeline.egress('out'), 5000);
    await pushing;
    const [ingress, stage, egress] = pipeline.snapshot().agents;
    expect(ingress?.latency_ns).toBeNull();
    for (const agent of [stage, egress]) {
      expect(agent?.latency_ns?.samples).toBe(5);
      expect(agent?.latency_ns?.p50).toBeGreaterThan(0);
      expect(agent?.latency_ns?.max).toBeGreaterThanOrEqual(agent?.latency_ns?.p50 ?? 0);
    }
  });

  test('reads the same from the file of an observed pipeline', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { observe: true });
    pipeline.ingress('in').tryPushBatch(['a', 'b']);
    pipeline.ingress('in').flush();
    // Waiting alone is not rest: a thread may have waited before the two records came.
    await until(() => {
      const stage = pipeline.snapshot().agents[1];
      return stage?.sequence === 2 && stage.state === 'Waiting';
    });
    const { path } = pipeline.status().region;
    const fromFile = readSnapshot(readFileSync(path));
    const { threads: _threads, ...here } = pipeline.snapshot();
    expect(fromFile).toMatchObject(here);
  });

  test('refuses bytes that are no region, and one of another version', () => {
    expect(() => readSnapshot(new Uint8Array(10))).toThrow(RegionError);
    expect(() => readSnapshot(new Uint8Array(4096))).toThrow('these bytes are not a region: they begin with 0x0');
  });

  test('refuses a region that is damaged, wherever that is', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { observe: true, capacity: 16, recordMax: 64, arenaBytes: 256 });
    const { path } = pipeline.status().region;
    const whole = new Uint8Array(readFileSync(path));
    // Most of it is histograms, where every number is right; the tables stand before them.
    const damaged = fc.record({ at: fc.nat(8191), value: fc.nat(255) });
    fc.assert(
      fc.property(damaged, ({ at, value }) => {
        const bytes = whole.slice();
        bytes[at] = value;
        try {
          readSnapshot(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RegionError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the histogram', () => {
  test('keeps every value to two digits, and the largest for what is larger', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: HISTOGRAM_MAX_NS, noNaN: true }), (ns) => {
        const value = histogramValue(histogramIndex(ns));
        expect(value).toBeGreaterThanOrEqual(Math.floor(ns));
        expect(value).toBeLessThanOrEqual(Math.floor(ns) * (1 + 1 / 128) + 1);
      }),
    );
    expect(histogramIndex(HISTOGRAM_MAX_NS)).toBe(HISTOGRAM_COUNTS - 1);
    expect(histogramIndex(HISTOGRAM_MAX_NS * 1000)).toBe(HISTOGRAM_COUNTS - 1);
    expect(histogramIndex(-5)).toBe(0);
  });

  test('gives the index that native threads use, at the edges of buckets', () => {
    expect([0, 1, 255, 256, 257, 258, 511, 512, 1023, 1024].map(histogramIndex)).toEqual([
      0, 1, 255, 256, 256, 257, 383, 384, 511, 512,
    ]);
  });

  test('of an agent is the sum of its tables, and the next one begins with none', () => {
    const words = new Uint32Array(2 * HISTOGRAM_COUNTS);
    const doubles = new Float64Array(words.buffer);
    for (let ns = 1; ns <= 100; ns++) words[histogramIndex(ns) + (ns % 2) * HISTOGRAM_COUNTS] = 1;
    const sum = new HistogramSum();
    for (const table of [0, HISTOGRAM_COUNTS]) sum.add(words, doubles, table);
    expect(sum.take()).toEqual({ samples: 100, p50: 50, p90: 90, p99: 99, p999: 100, max: 100 });
    expect(sum.take()).toBeNull();
    sum.add(words, doubles, 0);
    expect(sum.take()).toMatchObject({ samples: 50, max: 100 });
  });

  test('reports percentiles of what was counted', () => {
    const counts = new Uint32Array(HISTOGRAM_COUNTS);
    expect(summarizeHistogram(counts)).toBeNull();
    for (let ns = 1; ns <= 100; ns++) counts[histogramIndex(ns)] = 1;
    expect(summarizeHistogram(counts)).toEqual({ samples: 100, p50: 50, p90: 90, p99: 99, p999: 100, max: 100 });
  });
});
