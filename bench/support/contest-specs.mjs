/** Hands the plans of a cell to the program that builds them: NAME SPEC OPTIONS (bench/native/plan/plan_case.hpp). */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTEST_PLANS } from '../contests.mjs';

/** Options of `open` as one word, `capacity=1024,profile=default`. */
export const optionsText = (options) =>
  Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/**
 * Compiles plans with the library of this tree, each once, into files of `folder`.
 *
 * @returns {Promise<(cell: object) => string[]>} the words of a cell's plans
 */
export async function planArguments(folder) {
  const { compile } = await import('../../dist/index.js');
  const files = new Map();
  const fileOf = (name) => {
    if (!files.has(name)) {
      const path = join(folder, `plan${files.size}`);
      writeFileSync(path, compile(CONTEST_PLANS.get(name)).spec);
      files.set(name, path);
    }
    return files.get(name);
  };
  return ({ plans }) =>
    plans.flatMap(({ contestant, plan, options }) => [contestant, fileOf(plan), optionsText(options)]);
}
