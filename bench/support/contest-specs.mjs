/** Hands the plans of a cell to the program that builds them: NAME SPEC OPTIONS (bench/native/plan/plan_case.hpp). */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTEST_PLANS } from '../contests.mjs';
import { endsOf, optionsBeside, plannedOf } from './planned.mjs';

/** Options of `open` as one word, `capacity=1024,profile=default`. */
export const optionsText = (options) =>
  Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/**
 * Compiles plans with the library of this tree, each once for its options, into files of `folder`.
 *
 * @returns {Promise<(cell: object) => string[]>} the words of a cell's plans
 */
export async function planArguments(folder) {
  const { compile } = await import('../../dist/index.js');
  const { planOpening } = await import('../../dist/modules/layout/opening.js');
  const files = new Map();
  const fileOf = (name, options) => {
    const key = `${name} ${optionsText(options)}`;
    if (!files.has(key)) {
      const path = join(folder, `plan${files.size}`);
      const plan = CONTEST_PLANS.get(name);
      writeFileSync(path, plannedOf({ compile, planOpening }, plan, { ends: endsOf(plan), options }));
      files.set(key, path);
    }
    return files.get(key);
  };
  return ({ plans }) =>
    plans.flatMap(({ contestant, plan, options }) => [
      contestant,
      fileOf(plan, options),
      optionsText(optionsBeside(options)),
    ]);
}
