/** Plans with functions of JavaScript, and what becomes of records that are pushed through them. */

import { compile, open, type PipelinePlanV2, type StageCode, type Version } from '../../lib/index.js';
import type { StageEntry } from '../../lib/plan/document.js';
import type { Ledger } from '../../lib/region/counts.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import type { Reports } from '../../lib/runtime/reports.js';

export interface Reading {
  sensor: number;
  value: number;
}

export const READING = {
  kind: 'struct',
  fields: [
    { name: 'sensor', type: 'u32' },
    { name: 'value', type: 'f64' },
  ],
} as const;

/** A ring whose stages follow each other. */
export function ring(stages: readonly StageEntry[], codec: 'utf8' | typeof READING = 'utf8', shards?: object): Version {
  return compile({
    version: 2,
    name: 'ring',
    target: 'SingleRing',
    stages,
    boundaries: [
      { id: 'in', kind: 'ingress', codec },
      { id: 'out', kind: 'egress', codec },
    ],
    single_ring: {
      stages: stages.map(({ id }, i) => ({
        stage: id,
        depends_on: stages.slice(Math.max(0, i - 1), i).map((before) => before.id),
      })),
      ...shards,
    },
  } as unknown as PipelinePlanV2);
}

/** A graph of `from>to` connections. */
export function graph(
  stages: readonly StageEntry[],
  connections: readonly string[],
  more: Record<string, unknown> = {},
  codec: 'bytes' | 'utf8' | typeof READING = 'utf8',
): Version {
  return compile({
    version: 2,
    name: 'graph',
    target: 'LaneGraph',
    stages,
    boundaries: [
      { id: 'in', kind: 'ingress', codec },
      { id: 'out', kind: 'egress', codec },
    ],
    lane_graph: {
      connections: connections.map((text) => {
        const [from, to] = text.split('>');
        return { from, to, lane: { kind: 'Events' } };
      }),
      ...more,
    },
  } as unknown as PipelinePlanV2);
}

export async function through<R>(
  version: Version,
  stages: Readonly<Record<string, StageCode>>,
  records: readonly R[],
  options: object = {},
): Promise<{ out: R[]; ledger: Ledger; reports: Reports }> {
  const pipeline = open(version, { ...options, stages }) as Pipeline;
  const ingress = pipeline.ingress('in');
  const out: R[] = [];
  const polled = (async () => {
    for await (const record of pipeline.egress('out')) out.push(record as R);
  })().catch(() => {});
  try {
    for (const record of records) await ingress.push(record as never);
    ingress.close();
  } catch {
    // The pipeline has failed: its ledger says so.
  }
  await polled;
  return { out, ledger: await pipeline.stop(), reports: pipeline.reports() };
}

export const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
export const js = (id: string, more: Partial<StageEntry> = {}): StageEntry => ({ id, op: `js:${id}`, ...more });
export const identity = (id: string): StageEntry => ({ id, op: 'identity' });
