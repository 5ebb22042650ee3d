/**
 * The stages that plug-ins do: from the entries `{ library: PATH }` of the option `stages` to what the core loads. What a library
 * says of itself is checked by the core. Main thread or worker; looks at the files.
 */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NativePlugin } from '../abi/addon.js';
import { describeValue } from '../error/describe-value.js';
import { OpenError, OptionError } from '../error/errors.js';
import type { PipelinePlanV2, StageEntry } from '../plan/document.js';
import { libraryOf } from '../plan/op-catalog.js';

/** An entry of the option `stages` for an op `native:NAME`. */
export interface NativeStage {
  /** Path of the shared library, absolute or from the current folder: docs/plugins.md. */
  readonly library: string;
}

/** The form of an entry that names a library, right or wrong. @internal */
export const isNative = (entry: unknown): entry is NativeStage =>
  typeof entry === 'object' && entry !== null && 'library' in entry;

/**
 * What the core loads, a row for each stage of the plan that has its library in `given`; entries of other kinds are left out.
 * @throws OptionError for a wrong entry, OpenError (PLUGIN_LOAD) where there is no such file
 * @internal
 */
export function nativePlugins(plan: PipelinePlanV2, given: Readonly<Record<string, unknown>>): NativePlugin[] {
  const paths = new Map(
    Object.entries(given).flatMap(([name, entry]) => (isNative(entry) ? [[name, pathOf(plan, name, entry)]] : [])),
  );
  return plan.stages.flatMap((stage) => {
    const library = paths.get(libraryOf(stage.op) ?? '');
    return library === undefined ? [] : [{ ...wordsOf(stage), library }];
  });
}

const wordsOf = ({ id, config, emits }: StageEntry): Omit<NativePlugin, 'library'> => ({
  stage: id,
  config: JSON.stringify(config ?? null),
  emits: emits !== false,
});

function pathOf({ stages }: PipelinePlanV2, name: string, { library, ...others }: NativeStage): string {
  const wrong = (key: string, received: unknown, remedy: string): never => {
    const option = `stages.${name}${key}`;
    throw new OptionError(option, received, `${option} is ${describeValue(received)}: ${remedy}`);
  };
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined)
    wrong(`.${unknown}`, (others as Record<string, unknown>)[unknown], 'beside library, an entry has nothing');
  if (typeof library !== 'string' || library === '' || library.includes('\0'))
    return wrong('.library', library, 'give the path of a shared library');
  if (!stages.some(({ op }) => libraryOf(op) === name)) {
    const names = [...new Set(stages.flatMap(({ op }) => libraryOf(op) ?? []))];
    const has = names.length === 0 ? 'no op native:' : `native:${names.join(', native:')}`;
    wrong('', { library }, `no stage of the plan has the op native:${name}; it has ${has}`);
  }
  return existing(name, library);
}

function existing(name: string, library: string): string {
  const path = resolve(library);
  const refuse = (what: string): never => {
    throw new OpenError('PLUGIN_LOAD', `the library of native:${name}, ${path}, ${what}`);
  };
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return refuse('does not exist: compile it, or correct the path');
  if (facts.isDirectory()) return refuse('is a folder: give the path of a shared library');
  return path;
}
