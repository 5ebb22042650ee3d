/** A plan as it would run from the command line, with the options of `run`: for `describe` and `doctor`. No addon. */
import { type Description, describePlan } from '../describe/describe.js';
import { type EndRunner, type PlacedThread, placeGraph, placeRing } from '../layout/placement.js';
import { lower } from '../lower/index.js';
import type { CheckedPlan } from '../plan/document.js';
import { usageError } from './exit-code.js';
import { inOptionNames, type SizeOptions, sizesAsked, type ThreadOptions } from './open-options.js';

/**
 * Who shares which thread when all ends are files, as they are on a command line.
 * @param cpus threads that may be busy all the time
 */
export function placementOf(plan: CheckedPlan, threads: number | undefined, cpus: number): readonly PlacedThread[] {
  const lowered = lower(plan);
  if (lowered.target === 'SingleRing')
    return placeRing(lowered, { ingress: 'native', egress: 'native', threads, cpus });
  const ends = Object.fromEntries(plan.boundaries.map(({ id }): [string, EndRunner] => [id, 'native']));
  return placeGraph(lowered, { ends, threads, cpus });
}

/** Spinning profiles publish records of fixed size by a word in each slot (native/run/tuning.cpp). */
const spins = ({ profile }: ThreadOptions): boolean => profile !== 'default';

/**
 * @param threads native threads, for the memory that they need
 * @throws CliError (wrong usage) when a size is out of its range
 */
export function describeAsked(
  plan: CheckedPlan,
  options: SizeOptions & ThreadOptions,
  threads: number | undefined,
): Description {
  try {
    return describePlan(plan, {
      sizes: { ...sizesAsked(options), sequenceWords: spins(options) },
      ...(threads === undefined ? {} : { threads }),
    });
  } catch (error) {
    if (error instanceof RangeError) throw usageError(inOptionNames(error.message));
    throw error;
  }
}
