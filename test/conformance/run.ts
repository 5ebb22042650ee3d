/** Runs one conformance case on the core, the way a user would, and gives what came out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Port } from '../../lib/adapter/registry.js';
import { PipelineFailedError } from '../../lib/error/errors.js';
import type { PollHandle, RecordCursor } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import type { BoundaryEntry, Codec, PipelinePlanV2, SingleRingPlan } from '../../lib/plan/document.js';
import type { Ledger } from '../../lib/region/counts.js';
import { deadLetters } from '../../lib/runtime/dead-letters.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile, type Version } from '../../lib/version/version.js';
import { encodeStruct, type StructValue } from './bytes.js';
import type { Input, Setup, Sink } from './cases.js';
import { type Letter, lettersIn } from './op-model.js';
import { stagesOf } from './own-code.js';

/** A pipeline that does not end is a failure of the case, with the case printed, before the runner's own timeout. */
export const WATCHDOG_MS = 60_000;

export interface CoreOutcome {
  readonly ledger: Ledger;
  readonly reports: Readonly<Record<string, unknown>>;
  /** By shard; with a handle that does not tell the shard, all in one list. JS egress only. */
  readonly delivered: readonly Uint8Array[][] | undefined;
  /** What the `lines` egress wrote. */
  readonly written: Buffer | undefined;
  readonly letters: readonly Letter[];
  /** What `for await` and `ready` rejected with after the last record. */
  readonly rejected: PipelineFailedError | undefined;
}

type AnyPipeline = Pipeline<SingleRingPlan>;

/** Pushes, closes, and waits until all of it is delivered: false where the pipeline failed before that. */
export async function pushAll(handle: PushHandle<unknown>, setup: Pick<Setup, 'source' | 'inputs'>): Promise<boolean> {
  const values = setup.inputs.map(({ value }) => value);
  try {
    if (setup.source === 'pushBatch') await handle.pushBatch(values);
    else if (setup.source === 'push')
      for (const { value, raw } of setup.inputs) await (raw ? handle.pushRaw(value as string) : handle.push(value));
    else if (setup.source === 'tryPush')
      for (const { value, raw } of setup.inputs)
        await pushOrWait(handle, () => (raw ? handle.tryPushRaw(value as string) : handle.tryPush(value)));
    else for (const input of setup.inputs) await pushOrWait(handle, () => claimOne(handle, input));
  } catch (error) {
    // After a failure nothing goes in any more; anything else is a finding.
    if (!(error instanceof PipelineFailedError)) throw error;
  }
  const delivered = handle.untilDelivered().then(
    () => true,
    (error) => {
      if (error instanceof PipelineFailedError) return false;
      throw error;
    },
  );
  handle.close();
  return delivered;
}

/** What an egress has when the waits for delivery are over, to be compared with what it has in the end. */
export function refuseAhead(id: string, then: number, end: number): void {
  if (then !== end)
    throw new Error(
      `all was delivered, and egress "${id}" had ${then} of its ${end} records, or bytes, at that moment`,
    );
}

/** Kinds of sinks that hold every record that has been released: an iterator may release one that it is about to give. */
export const holdsReleased = (sink: Sink): boolean => !['lines', 'discard', 'for await'].includes(sink);

async function pushOrWait(handle: PushHandle<unknown>, attempt: () => string): Promise<void> {
  // What a lane drops is done with.
  for (let status = attempt(); status !== 'OK' && status !== 'DROPPED'; status = attempt()) {
    if (status === 'TOO_LARGE') throw new Error('a record of at most recordMax bytes is TOO_LARGE');
    await handle.ready();
  }
}

function claimOne(handle: PushHandle<unknown>, { bytes }: Input): string {
  const claim = handle.claim(bytes.length);
  if (claim === undefined) return handle.lastStatus;
  claim.bytes.set(bytes, claim.offset);
  handle.publish(bytes.length);
  return 'OK';
}

/** Polls until the end; every record as its bytes, whatever the codec. */
export async function pollAll(
  handle: PollHandle<unknown>,
  sink: Sink,
  codec: Codec | undefined,
  shards: Uint8Array[][],
): Promise<PipelineFailedError | undefined> {
  const keep = ({ shard, bytes, offset, length }: RecordCursor): void => {
    shards[shard]?.push(Uint8Array.prototype.slice.call(bytes, offset, offset + length));
  };
  try {
    if (sink === 'for await') for await (const record of handle) shards[0]?.push(asBytes(record, codec));
    else
      while (await handle.ready()) {
        if (sink === 'poll') handle.poll((record) => shards[0]?.push(asBytes(record, codec)));
        else if (sink === 'pollInPlace') handle.pollInPlace(keep, 3);
        else
          handle.pollBatch((cursor) => {
            while (cursor.next()) keep(cursor);
          });
      }
  } catch (error) {
    if (!(error instanceof PipelineFailedError)) throw error;
    return error;
  }
  return undefined;
}

function asBytes(record: unknown, codec: Codec | undefined): Uint8Array {
  if (typeof codec === 'object') return encodeStruct(codec, record as StructValue);
  return typeof record === 'string' ? Buffer.from(record) : (record as Uint8Array);
}

function portsOf(version: Version, setup: Setup, folder: string, file: Uint8Array): Record<string, Port> {
  const ports: Record<string, Port> = {};
  const { boundaries } = version.plan as SingleRingPlan;
  for (const { id, kind } of boundaries) {
    if (kind === 'ingress' && setup.source === 'lines') {
      writeFileSync(join(folder, 'in'), file);
      ports[id] = { lines: join(folder, 'in') };
    }
    if (kind === 'egress' && setup.sink === 'lines') ports[id] = { lines: join(folder, 'out') };
    if (kind === 'egress' && setup.sink === 'discard') ports[id] = 'discard';
  }
  return ports;
}

/** A folder of letters where the plan has a stage that writes them. */
export const lettersOf = ({ stages }: PipelinePlanV2, folder: string): string | undefined =>
  stages.some(({ on_error }) => on_error === 'dead_letter') ? join(folder, 'letters') : undefined;

/** Opens the plan, pushes, polls, waits for the end. `file`: what a `lines` ingress reads. */
export async function runOnCore(
  plan: SingleRingPlan,
  setup: Setup,
  more: OpenOptions,
  file: Uint8Array,
): Promise<CoreOutcome> {
  const version = compile(plan) as unknown as Version;
  const folder = mkdtempSync(join(tmpdir(), 'byteor-conformance-'));
  const letters = lettersOf(plan, folder);
  const pipeline = open(version, {
    ...setup.options,
    ...more,
    ...(letters === undefined ? {} : { deadLetters: { folder: letters } }),
    stages: stagesOf(plan, setup.hosting),
    delivered: true,
    ports: portsOf(version, setup, folder, file),
  }) as unknown as AnyPipeline;
  try {
    const end = (kind: string): BoundaryEntry => plan.boundaries.find((one) => one.kind === kind) as BoundaryEntry;
    const id = (kind: string): never => end(kind).id as never;
    const delivered = Array.from({ length: plan.single_ring.shards ?? 1 }, (): Uint8Array[] => []);
    const polls = !['lines', 'discard'].includes(setup.sink);
    const polled = polls
      ? pollAll(pipeline.egress(id('egress')) as PollHandle<unknown>, setup.sink, end('egress').codec, delivered)
      : undefined;
    const pushed =
      setup.source === 'lines' ? undefined : pushAll(pipeline.ingress(id('ingress')) as PushHandle<unknown>, setup);
    const out = join(folder, 'out');
    const had = (): number =>
      setup.sink === 'lines' ? readFileSync(out).length : delivered.reduce((sum, shard) => sum + shard.length, 0);
    const written = (): number => (letters === undefined ? 0 : deadLetters(letters).letters.length);
    const then = pushed?.then((all) => (all ? { records: had(), letters: written() } : undefined));
    // All at once: whichever hangs, the deadline of the end is what is reported.
    const [ledger, error, early] = await Promise.all([pipeline.finished({ deadline: WATCHDOG_MS }), polled, then]);
    if (early !== undefined) refuseAhead('letters', early.letters, written());
    if (early !== undefined && (setup.sink === 'lines' || holdsReleased(setup.sink)))
      refuseAhead(String(id('egress')), early.records, had());
    return {
      ledger,
      reports: pipeline.reports(),
      delivered: polls ? delivered : undefined,
      written: setup.sink === 'lines' ? readFileSync(join(folder, 'out')) : undefined,
      letters: letters === undefined ? [] : lettersIn(letters),
      rejected: error,
    };
  } finally {
    pipeline.halt();
    rmSync(folder, { recursive: true, force: true });
  }
}
