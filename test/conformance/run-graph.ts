/** Runs one conformance case of a LaneGraph on the core, the way a user would, and gives what came out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Port } from '../../lib/adapter/registry.js';
import type { PipelineFailedError } from '../../lib/error/errors.js';
import type { PollHandle } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import type { Ledger } from '../../lib/region/counts.js';
import { deadLetters } from '../../lib/runtime/dead-letters.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile, type Version } from '../../lib/version/version.js';
import type { GraphCase } from './graph-cases.js';
import { type Letter, lettersIn } from './op-model.js';
import { stagesOf } from './own-code.js';
import { holdsReleased, lettersOf, pollAll, pushAll, refuseAhead, WATCHDOG_MS } from './run.js';

export interface GraphCoreOutcome {
  readonly ledger: Ledger;
  readonly reports: Readonly<Record<string, unknown>>;
  /** Egress of JavaScript → the records that it delivered. */
  readonly delivered: Readonly<Record<string, readonly Uint8Array[]>>;
  /** `lines` egress → what it wrote. */
  readonly written: Readonly<Record<string, Buffer>>;
  readonly letters: readonly Letter[];
  /** Egress of JavaScript → what its last wait rejected with. */
  readonly rejected: Readonly<Record<string, PipelineFailedError | undefined>>;
}

function portsOf({ sources, sinks }: GraphCase, folder: string): Record<string, Port> {
  const ports: Record<string, Port> = {};
  for (const [id, { source, file }] of Object.entries(sources)) {
    if (source !== 'lines') continue;
    writeFileSync(join(folder, id), file);
    ports[id] = { lines: join(folder, id) };
  }
  for (const [id, sink] of Object.entries(sinks)) {
    if (sink === 'lines') ports[id] = { lines: join(folder, id) };
    if (sink === 'discard') ports[id] = 'discard';
  }
  return ports;
}

/** What each egress has, and the folder of letters, of a graph without journals: at one a wait for delivery ends. */
function hadOf(
  { plan, sinks }: GraphCase,
  folder: string,
  delivered: Readonly<Record<string, readonly Uint8Array[]>>,
  letters: string | undefined,
): Record<string, number> {
  if (plan.lane_graph.connections.some(({ lane }) => lane.kind === 'Journal')) return {};
  const had: Record<string, number> = letters === undefined ? {} : { letters: deadLetters(letters).letters.length };
  for (const [id, sink] of Object.entries(sinks)) {
    if (sink === 'lines') had[id] = readFileSync(join(folder, id)).length;
    else if (holdsReleased(sink)) had[id] = (delivered[id] as readonly Uint8Array[]).length;
  }
  return had;
}

/** Opens the plan, pushes into every ingress and polls every egress at once, waits for the end. */
export async function runGraphOnCore(one: GraphCase, more: OpenOptions): Promise<GraphCoreOutcome> {
  const version = compile(one.plan) as unknown as Version;
  const folder = mkdtempSync(join(tmpdir(), 'byteor-conformance-'));
  const letters = lettersOf(one.plan, folder);
  const pipeline = open(version, {
    ...one.options,
    ...more,
    ...(letters === undefined ? {} : { deadLetters: { folder: letters } }),
    stages: stagesOf(one.plan, one.hosting),
    delivered: true,
    ports: portsOf(one, folder),
  }) as unknown as Pipeline;
  const delivered: Record<string, Uint8Array[]> = {};
  const rejected: Record<string, PipelineFailedError | undefined> = {};
  try {
    const polls = Object.entries(one.sinks).map(async ([id, sink]) => {
      if (sink === 'lines' || sink === 'discard') return;
      const records: Uint8Array[] = [];
      delivered[id] = records;
      const handle = pipeline.egress(id as never) as PollHandle<unknown>;
      rejected[id] = await pollAll(handle, sink, undefined, [records]);
    });
    const pushes = Object.entries(one.sources).map(async ([id, source]) => {
      if (source.source === 'lines') return false;
      return pushAll(pipeline.ingress(id as never) as PushHandle<unknown>, source);
    });
    const had = (): Record<string, number> => hadOf(one, folder, delivered, letters);
    const then = Promise.all(pushes).then((all) => (all.every((each) => each) ? had() : {}));
    // All at once: whichever hangs, the deadline of the end is what is reported.
    const [ledger, early] = await Promise.all([pipeline.finished({ deadline: WATCHDOG_MS }), then, ...polls]);
    const end = had();
    for (const [id, records] of Object.entries(early)) refuseAhead(id, records, end[id] as number);
    const files = Object.entries(one.sinks).filter(([, sink]) => sink === 'lines');
    const written = Object.fromEntries(files.map(([id]) => [id, readFileSync(join(folder, id))]));
    return {
      ledger,
      reports: pipeline.reports(),
      delivered,
      written,
      letters: letters === undefined ? [] : lettersIn(letters),
      rejected,
    };
  } finally {
    pipeline.halt();
    rmSync(folder, { recursive: true, force: true });
  }
}
