/**
 * `open` starts a version; `attach` gives another thread of the process a hold on it. Both are synchronous: the checks
 * and the start of the threads take less than a turn of the event loop is worth.
 */

import { freemem, totalmem } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import type { NativeAddon, NativePipeline } from '../abi/addon.js';
import { BATCH_RECORDS_DEFAULT } from '../abi/definition.js';
import type { OpenErrorCode } from '../abi/error-codes.js';
import { describeValue } from '../error/describe-value.js';
import { ByteorError, OpenError, OptionError, PortError } from '../error/errors.js';
import type { StageFunctions } from '../host/hosted-stage.js';
import { hostedStages } from '../host/plan-stages.js';
import { type Opening, planOpening } from '../layout/opening.js';
import type { EndRunner } from '../layout/placement.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import { functionOf, isCallerOp } from '../plan/op-catalog.js';
import type { Version } from '../version/version.js';
import { type Capabilities, capabilities } from './machine.js';
import { nativeAddon } from './native.js';
import {
  type CheckedOptions,
  checkOptions,
  hotWaitOf,
  type OpenOptions,
  type OpenOptionsOf,
  planFacts,
} from './options.js';
import { Pipeline, type PipelineNote } from './pipeline.js';
import { fieldKeysOf } from './report-keys.js';
import { refuseClosedStreams } from './standard-stream.js';

/** Set to 1, handles use copies and calls as where external buffers are forbidden (Electron). For tests. */
const NO_EXTERNAL = 'BYTEOR_NO_EXTERNAL_BUFFERS';

const external = (): boolean => process.env[NO_EXTERNAL] !== '1';

let exitHookSet = false;

/**
 * Cleanup hooks of the main environment do not run after process.exit, an uncaught throw or an unhandled rejection; this
 * event does. Workers need none: their hooks always run.
 */
function haltAtExit(addon: NativeAddon): void {
  if (exitHookSet || !isMainThread) return;
  exitHookSet = true;
  process.on('exit', () => addon.haltAll());
}

/** The listener must not keep the pipeline alive: Node holds it as long as the event channel stands. */
function listenerOf(): { onEvent: (events: number) => void; serve: (pipeline: Pipeline) => void } {
  let target: WeakRef<Pipeline> | undefined;
  return {
    onEvent: (events) => target?.deref()?.onEvent(events),
    serve: (pipeline) => {
      target = new WeakRef(pipeline);
    },
  };
}

/** Errors of the core carry a code of the one table; they come out as OpenError with the same words. */
export function asOpenError(error: unknown): unknown {
  if (error instanceof ByteorError || !(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? new OpenError(code as OpenErrorCode, error.message) : error;
}

/**
 * Sizes, places and threads. Limits that depend on the plan are checked here: the planner names the option at the start of
 * its words.
 */
function planned(
  { lowered }: Version,
  { sizes, threads, native }: CheckedOptions,
  options: OpenOptions,
  { cpus }: Capabilities,
): Opening {
  const ends = Object.fromEntries(native.ports.map(({ id, port }): [string, EndRunner] => [id, port]));
  try {
    return planOpening(lowered, { sizes, ends, threads, cpus: cpus.threads });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const option = (/^(\w+) is/.exec(error.message)?.[1] ?? 'recordMax') as keyof OpenOptions;
    throw new OptionError(option, options[option], error.message);
  }
}

function checkMemory(
  { name, target }: Version,
  { mappedBytes: bytes }: Opening['memory'],
  profile: string,
  machine: Capabilities,
): void {
  const room = memoryRoom(profile, machine);
  if (bytes <= room.bytes) return;
  const remedy = target === 'LaneGraph' ? 'smaller lanes' : 'a smaller capacity or arenaBytes';
  throw new OpenError(
    'MEMORY_LIMIT',
    `plan "${name}" needs ${bytes} bytes, but ${room.where} has room for ${room.bytes}: ask for ${remedy}, or raise ` +
      'the limit',
  );
}

/** Stages of one's own are validated and compiled, and do not run in this version but for those that there are functions of. */
function refuseCallerOps({ name, plan }: Version, functions: StageFunctions): void {
  const hasFunction = (op: string): boolean => Object.hasOwn(functions, functionOf(op) ?? '');
  const own = (plan as PipelinePlanV2).stages.filter(({ op }) => isCallerOp(op) && !hasFunction(op));
  if (own.length === 0) return;
  const named = own.slice(0, 8).map(({ id, op }) => `"${id}" (${op})`);
  const rest = own.length > named.length ? ` and ${own.length - named.length} more` : '';
  throw new OpenError(
    'OP_UNAVAILABLE',
    `plan "${name}" has ${own.length === 1 ? 'a stage' : 'stages'} with an op of yours, which this version cannot run: ` +
      `${named.join(', ')}${rest}; use built-in ops (see \`byteor capabilities\`)`,
  );
}

/** How much may be mapped, and who says so. The spinning profiles touch all of it at once, so it must be free now. */
function memoryRoom(profile: string, { memory }: Capabilities): { readonly bytes: number; readonly where: string } {
  const machine = profile === 'default' ? totalmem() : freemem();
  if (memory === null || memory.room_bytes >= machine) return { bytes: machine, where: 'this machine' };
  return { bytes: memory.room_bytes, where: `the control group ${memory.group}` };
}

/** A plan that was not compiled is what callers without types pass. */
function checkVersion(version: unknown): void {
  if (typeof version === 'object' && version !== null && 'lowered' in version && 'spec' in version) return;
  const isPlan = typeof version === 'object' && version !== null && 'target' in version && 'boundaries' in version;
  const received = isPlan ? 'a plan' : describeValue(version);
  throw new OptionError(
    'version',
    version,
    `open takes a version, received ${received}: call open(compile(plan), options)`,
  );
}

/**
 * Starts a version: maps its memory, starts its threads, opens its adapters. Synchronous. The pipeline runs until it is
 * stopped or halted, its input ends, a record fails, or the thread that opened it goes.
 * @throws OptionError for a wrong option, OpenError when the machine, a file or an op makes it impossible
 */
export function open<const P extends PipelinePlanV2>(
  version: Version<P>,
  given: OpenOptionsOf<P> = {} as OpenOptionsOf<P>,
): Pipeline<P> {
  return openHosted(version, given, {});
}

/**
 * As `open`, and this thread runs the stages that `functions` has functions of; those that it has none of wait until a thread
 * that attaches has.
 * @internal
 */
export function openHosted<const P extends PipelinePlanV2>(
  version: Version<P>,
  given: OpenOptionsOf<P>,
  functions: StageFunctions,
  elsewhere: readonly string[] = [],
  lettersFed = '',
): Pipeline<P> {
  checkVersion(version);
  const options = given as OpenOptions;
  const { boundaries } = version.plan as PipelinePlanV2;
  const known = { ...functions, ...Object.fromEntries(elsewhere.map((name) => [name, () => undefined])) };
  refuseCallerOps(version as unknown as Version, known);
  const checked = checkOptions(options, planFacts(version.plan as PipelinePlanV2));
  refuseClosedStreams(checked.native.ports, (at) => boundaries[at]?.kind === 'ingress');
  const machine = capabilities();
  const { memory, layout } = planned(version as unknown as Version, checked, options, machine);
  checkMemory(version as unknown as Version, memory, checked.native.profile, machine);
  const addon = nativeAddon();
  haltAtExit(addon);
  const note: PipelineNote = {
    name: version.name,
    version: version.id,
    hotWait: hotWaitOf(checked.native),
    boundaries,
    fieldKeys: fieldKeysOf(version.plan as PipelinePlanV2),
    batchRecords: checked.native.batchRecords || BATCH_RECORDS_DEFAULT,
    hosted: hostedStages(version.plan as PipelinePlanV2),
  };
  const { onEvent, serve } = listenerOf();
  let native: NativePipeline;
  try {
    const complete = {
      ...checked.native,
      lettersFed,
      versionId: version.id,
      note: JSON.stringify(note),
      external: external(),
    };
    native = addon.open(version.spec, layout, complete, onEvent);
  } catch (error) {
    throw asOpenError(error);
  }
  const pipeline = new Pipeline<P>(native, note, true, functions);
  serve(pipeline as unknown as Pipeline);
  return pipeline;
}

/**
 * A hold on a pipeline that another thread of this process opened: pass `pipeline.number` to a worker and attach there.
 * `P` is the type of its plan. It ends with this thread, or by `detach`; the pipeline goes on.
 * @throws PortError when there is no such pipeline (any more)
 */
export function attach<P extends PipelinePlanV2 = PipelinePlanV2>(number: number): Pipeline<P> {
  return attachHosted(number, {});
}

/**
 * As `attach`, and this thread runs the stages that `functions` has functions of.
 * @throws PortError also when another thread runs one of them
 * @internal
 */
export function attachHosted<P extends PipelinePlanV2 = PipelinePlanV2>(
  number: number,
  functions: StageFunctions,
): Pipeline<P> {
  const { onEvent, serve } = listenerOf();
  const native = Number.isInteger(number) ? nativeAddon().attach(number, external(), onEvent) : null;
  if (native === null)
    throw new PortError(
      'NO_SUCH_PIPELINE',
      String(number),
      `there is no pipeline ${String(number)} in this process: it was never opened here, or it has been dropped`,
    );
  const pipeline = new Pipeline<P>(native, JSON.parse(native.note) as PipelineNote, false, functions);
  serve(pipeline as unknown as Pipeline);
  return pipeline;
}
