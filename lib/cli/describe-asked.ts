/** A plan as it would run from the command line, with the options of `run`: for `describe` and `doctor`. No addon. */
import { type Description, describePlan } from '../describe/describe.js';
import { publishesByWords } from '../layout/memory.js';
import { type EndRunner, type PlacedThread, place, placedThreads } from '../layout/placement.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import type { Version } from '../version/version.js';
import { usageError } from './exit-code.js';
import { inOptionNames, type SizeOptions, sizesAsked, type ThreadOptions } from './open-options.js';

/**
 * Who shares which thread when all ends are files, as they are on a command line.
 * @param cpus threads that may be busy all the time
 */
export function placementOf(version: Version, threads: number | undefined, cpus: number): readonly PlacedThread[] {
  const { lowered, plan } = version;
  const ends = Object.fromEntries(
    (plan as PipelinePlanV2).boundaries.map(({ id }): [string, EndRunner] => [id, 'native']),
  );
  return placedThreads(lowered, place(lowered, { ends, threads, cpus }));
}

/**
 * @param threads native threads, for the memory that they need
 * @param stages code of the plan's own stages, as `open` takes it
 * @throws CliError (wrong usage) when a size is out of its range
 */
export function describeAsked(
  version: Version,
  options: SizeOptions & ThreadOptions,
  threads: number | undefined,
  stages: Readonly<Record<string, unknown>> = {},
): Description {
  try {
    return describePlan(version, {
      sizes: { ...sizesAsked(options), sequenceWords: publishesByWords('profile', options.profile) },
      ...(threads === undefined ? {} : { threads }),
      stages,
    });
  } catch (error) {
    if (error instanceof RangeError) throw usageError(inOptionNames(error.message));
    throw error;
  }
}
