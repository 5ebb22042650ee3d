/** `attach` gives another thread of the process a hold on a pipeline. Synchronous. */

import { describeValue } from '../error/describe-value.js';
import { OptionError, PortError } from '../error/errors.js';
import { type CheckedStages, checkStages } from '../host/check-stages.js';
import type { SomeStagesOf } from '../host/stage-functions.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import { refuseInTurnOf } from './hold-turns.js';
import { nativeAddon } from './native.js';
import { external, heldPipeline, listenerOf } from './open.js';
import type { Pipeline } from './pipeline.js';
import type { PipelineNote } from './pipeline-note.js';

/** What `attach` may be told. */
export interface AttachOptions<P extends PipelinePlanV2 = PipelinePlanV2> {
  /** Functions of the stages that this thread runs, by the names that their ops have in the plan. */
  readonly stages?: SomeStagesOf<P>;
}

/**
 * A hold on a pipeline that another thread of this process opened: pass `pipeline.number` to a worker and attach there.
 * `P` is the type of its plan. It ends with this thread, or by `detach`; the pipeline goes on.
 * @throws PortError when there is no such pipeline (any more), or another thread runs one of the stages; OptionError for a wrong
 * option, OpenError when a stage does not start, UsageError inside of a function of one of the pipeline's stages
 */
export function attach<P extends PipelinePlanV2 = PipelinePlanV2>(
  number: number,
  options: AttachOptions<P> = {},
): Pipeline<P> {
  return attached<P>(number, (note) => attachedStages(options, note));
}

/**
 * Likewise of a worker that runs nothing but these stages. `ended`: they have ended; where the worker ends before, they wait for
 * NativePipeline.failStage.
 * @internal
 */
export const attachWorker = (number: number, stages: CheckedStages, ended: () => void): Pipeline =>
  attached(number, () => stages, ended);

function attached<P extends PipelinePlanV2>(
  number: number,
  stagesOf: (note: PipelineNote) => CheckedStages,
  ended?: () => void,
): Pipeline<P> {
  refuseInTurnOf(number, 'attach');
  const { onEvent, serve } = listenerOf();
  const native = Number.isInteger(number) ? nativeAddon().attach(number, external(), onEvent) : null;
  if (native === null)
    throw new PortError(
      'NO_SUCH_PIPELINE',
      String(number),
      `there is no pipeline ${String(number)} in this process: it was never opened here, or it has been dropped`,
    );
  const note = JSON.parse(native.note) as PipelineNote;
  try {
    return heldPipeline<P>(native, note, false, stagesOf(note), serve, ended);
  } catch (error) {
    native.detach();
    throw error;
  }
}

function attachedStages(options: unknown, { hosted }: PipelineNote): CheckedStages {
  if (typeof options !== 'object' || options === null)
    throw new OptionError('options', options, `options is ${describeValue(options)}: give an object, or leave it out`);
  const { stages, ...others } = options as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new OptionError(unknown, others[unknown], `${unknown} is no option of attach: it takes stages`);
  const { own, modules, elsewhere } = checkStages(stages, hosted, 1);
  const [module] = modules;
  if (module !== undefined)
    throw new OptionError(
      `stages.${module.name}`,
      stages,
      `stages.${module.name} is a module, which open runs in a worker: give attach its function, or give open the module`,
    );
  const [left] = elsewhere;
  if (left === undefined) return own;
  throw new OptionError(
    `stages.${left}`,
    'attach',
    `stages.${left} is 'attach', which says at open that another thread brings the function: give it here, or leave it out`,
  );
}
