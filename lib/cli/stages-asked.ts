/** The option `--stage NAME=PATH` of `run` and `replay`: what does the ops of one's own. Pure; any thread. */
import type { Command } from 'commander';
import type { OpenOptions } from '../runtime/options.js';
import { usageError } from './exit-code.js';

export interface AskedStages {
  /** As they were given: NAME=PATH. */
  readonly stage: readonly string[];
}

const LIBRARY = /\.(so|node|dylib)(\.\d+)*$/;
const MODULE = /\.[cm]?[jt]s$/;

export const addStageOption = (command: Command): Command =>
  command.option(
    '--stage <name=path>',
    'what does an op of yours: for native:NAME a shared library (.so, .dylib); once for each name',
    (value: string, before: readonly string[]) => [...before, value],
    [] as readonly string[],
  );

/**
 * As `open` takes them.
 * @throws CliError (wrong usage)
 */
export function stagesAsked({ stage }: AskedStages): NonNullable<OpenOptions['stages']> {
  const stages = new Map<string, { readonly library: string }>();
  for (const text of stage) {
    const [name, path] = parted(text);
    if (stages.has(name)) throw usageError(`--stage names "${name}" twice.`, 'Give each name one library.');
    stages.set(name, { library: path });
  }
  return Object.fromEntries(stages);
}

function parted(text: string): readonly [name: string, path: string] {
  const at = text.indexOf('=');
  const [name, path] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || path === '')
    throw usageError(
      `--stage takes NAME=PATH, received ${JSON.stringify(text)}.`,
      'NAME is what stands behind the colon of the op: --stage score=./libscore.so',
    );
  if (MODULE.test(path))
    throw usageError(
      `--stage ${name} names the module ${JSON.stringify(path)}, and modules are not run yet.`,
      'Give a shared library for an op native:NAME.',
    );
  if (!LIBRARY.test(path))
    throw usageError(
      `--stage ${name} names ${JSON.stringify(path)}, which is no shared library by its name.`,
      'Give a file that ends with .so, .node or .dylib.',
    );
  return [name, path];
}
