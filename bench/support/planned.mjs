/**
 * What the programs of bench/native/plan are given: a lowered plan, and behind it the layout that `open` would make of sizes,
 * ends and threads. A build makes both for itself, so that builds of different commits can be held against each other.
 */

import { availableParallelism } from 'node:os';

/** Sizes and threads among the options of `open`; the rest goes to the program by itself. */
const PLANNED = new Set(['capacity', 'recordMax', 'arenaBytes', 'laneBytes', 'publication', 'threads']);

/** Options that the program has to be told. */
export const optionsBeside = (options) =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !PLANNED.has(name)));

/**
 * @param {{ compile: Function, planOpening?: Function }} build a commit without `planOpening` has the core plan
 * @param {{ ends: Record<string, 'native' | 'discard'>, options?: object }} opening `ends` by boundary id
 * @returns {Buffer | undefined} undefined where that build does not know an op or a word of the plan
 */
export function plannedOf({ compile, planOpening }, plan, { ends, options = {} }) {
  const version = compiledOf(compile, plan);
  if (version === undefined || planOpening === undefined) return version?.spec;
  const { threads, publication = 'profile', profile = 'default', ...sizes } = options;
  const sequenceWords = publication === 'profile' ? profile !== 'default' : publication === 'slot';
  const asked = { sizes: { ...sizes, sequenceWords }, ends, threads, cpus: availableParallelism() };
  return Buffer.concat([version.spec, planOpening(version.lowered, asked).layout]);
}

function compiledOf(compile, plan) {
  try {
    return compile(plan);
  } catch (error) {
    if (error.name === 'PlanError') return undefined;
    throw error;
  }
}

/** Every end of a plan a file, but for the egresses that `discarded` says. */
export const endsOf = (plan, discarded = () => false) =>
  Object.fromEntries(
    plan.boundaries.map(({ id, kind }) => [id, kind === 'egress' && discarded(id) ? 'discard' : 'native']),
  );
