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
import { ByteorError, OpenError, OptionError } from '../error/errors.js';
import { type CheckedStages, type OpenedStages, openedStages } from '../host/check-stages.js';
import { type Opening, planOpening } from '../layout/opening.js';
import type { EndRunner } from '../layout/placement.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import { isCallerOp } from '../plan/op-catalog.js';
import type { Version } from '../version/version.js';
import { type Capabilities, capabilities } from './machine.js';
import { nativeAddon } from './native.js';
import {
  type CheckedOptions,
  checkOptions,
  hotWaitOf,
  type OpenArguments,
  type OpenOptions,
  planFacts,
} from './options.js';
import { Pipeline } from './pipeline.js';
import type { PipelineNote } from './pipeline-note.js';
import { fieldKeysOf } from './report-keys.js';
import { refuseClosedStreams } from './standard-stream.js';

/** Set to 1, handles use copies and calls as where external buffers are forbidden (Electron). For tests. */
const NO_EXTERNAL = 'BYTEOR_NO_EXTERNAL_BUFFERS';

/** Whether handles may see the region in place. @internal */
export const external = (): boolean => process.env[NO_EXTERNAL] !== '1';

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

/** The listener must not keep the pipeline alive: Node holds it as long as the event channel stands. @internal */
export function listenerOf(): { onEvent: (events: number) => void; serve: (pipeline: Pipeline) => void } {
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

const NO_STAGES: OpenedStages = { hosted: [], own: new Map(), modules: [], workers: [], plugins: [] };

/** Plans without stages of one's own are opened without what such stages need. */
const stagesOf = (plan: PipelinePlanV2, given: unknown): OpenedStages =>
  given === undefined && !plan.stages.some(({ op }) => isCallerOp(op)) ? NO_STAGES : openedStages(plan, given);

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
 * stopped or halted, its input ends, a record fails, or the thread that opened it goes. Stages that have a function in
 * `stages` are run by this thread, those that have a module by a worker that it starts.
 * @throws OptionError for a wrong option, OpenError when the machine, a file, an op or the start of a stage makes it impossible
 */
export function open<const P extends PipelinePlanV2>(version: Version<P>, ...given: OpenArguments<P>): Pipeline<P> {
  // Not null, which checkOptions refuses by name.
  const [options = {}] = given;
  return openFed(version, options as OpenOptions, '');
}

/**
 * As `open`, of options that nothing has typed.
 * @param lettersFed the letters that an ingress feeds again, as the core reads them; '' where it feeds none
 * @internal
 */
export function openFed<const P extends PipelinePlanV2>(
  version: Version<P>,
  options: OpenOptions,
  lettersFed: string,
): Pipeline<P> {
  checkVersion(version);
  const plan = version.plan as PipelinePlanV2;
  const { boundaries } = plan;
  const checked = checkOptions(options, planFacts(plan));
  const { hosted, own, modules, workers, plugins } = stagesOf(plan, options.stages);
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
    fieldKeys: fieldKeysOf(plan),
    delivered: checked.native.delivered,
    batchRecords: checked.native.batchRecords || BATCH_RECORDS_DEFAULT,
    hosted,
  };
  const { onEvent, serve } = listenerOf();
  let native: NativePipeline;
  try {
    const complete = {
      ...checked.native,
      plugins,
      lettersFed,
      stageWorkers: workers,
      versionId: version.id,
      note: JSON.stringify(note),
      external: external(),
    };
    native = addon.open(version.spec, layout, complete, onEvent);
  } catch (error) {
    throw asOpenError(error);
  }
  const pipeline = heldPipeline<P>(native, note, true, own, serve);
  pipeline.startWorkers(note, modules);
  return pipeline;
}

/**
 * Takes its stages. One that does not start ends the pipeline where this thread has opened it, else this hold on it.
 * @internal
 */
export function heldPipeline<P extends PipelinePlanV2>(
  native: NativePipeline,
  note: PipelineNote,
  opener: boolean,
  stages: CheckedStages,
  serve: (pipeline: Pipeline) => void,
  ended?: () => void,
): Pipeline<P> {
  const pipeline = new Pipeline<P>(native, note, opener);
  serve(pipeline as unknown as Pipeline);
  try {
    pipeline.takeStages(note, stages, ended);
  } catch (error) {
    if (opener) pipeline.halt();
    pipeline.detach();
    throw error;
  }
  return pipeline;
}
