/** From a checked plan to a version, as `compile` and `run` do it. Needs no addon. */
import { UnsupportedTargetError } from '../lower/index.js';
import type { CheckedPlan } from '../plan/document.js';
import { compile, type Version } from '../version/version.js';
import { CliError, ExitCode } from './exit-code.js';
import { RELEASE_FEATURES } from './release.js';

/** @throws CliError when this release cannot execute the plan's target */
export function compileChecked(plan: CheckedPlan): Version {
  try {
    return compile(plan, { features: RELEASE_FEATURES });
  } catch (error) {
    if (!(error instanceof UnsupportedTargetError)) throw error;
    const { message } = error;
    const sentence = `${message[0]?.toUpperCase()}${message.slice(1)}`;
    throw new CliError(ExitCode.MachineCannot, sentence, undefined, { cause: error });
  }
}
