/**
 * What `--stage NAME=PATH` and `--stage-set NAME.KEY=VALUE` say, as `open` takes it. Loaded where one of them is given. Pure; any
 * thread.
 */

import type { PipelinePlanV2 } from '../plan/document.js';
import { isCallerOp } from '../plan/op-catalog.js';
import type { OpenOptions } from '../runtime/options.js';
import { usageError } from './exit-code.js';
import { STAGE_KEYS, type StageOptions } from './stage-options.js';

const MODULE = /\.[cm]?[jt]s$/;
const LIBRARY = /\.(so|node|dylib)(\.\d+)*$/;

/** How a value of each key is read; undefined: it is none. */
const SETTINGS: { readonly [Key in (typeof STAGE_KEYS)[number]]: (text: string) => unknown } = {
  export: (text) => (text === '' ? undefined : text),
  workers: count,
  concurrency: count,
  timeoutMs: (text) => (text === 'Infinity' ? Number.POSITIVE_INFINITY : count(text)),
};

const keys = STAGE_KEYS.join(', ');

/**
 * As `open` takes them: each a module in a worker, or a shared library.
 * @throws CliError (wrong usage)
 */
export function stagesAsked({ stage, stageSet }: StageOptions): NonNullable<OpenOptions['stages']> {
  const stages = new Map<string, Record<string, unknown>>();
  for (const text of stage) {
    const [name, path] = parted(text);
    if (stages.has(name)) throw usageError(`--stage names "${name}" twice.`, 'Give each name one file.');
    stages.set(name, LIBRARY.test(path) ? { library: path } : { module: path });
  }
  for (const text of stageSet) setOf(text, stages);
  return Object.fromEntries(stages) as unknown as NonNullable<OpenOptions['stages']>;
}

/**
 * Likewise for a plan that is not opened.
 * @throws CliError (wrong usage), also for a name that no stage has
 */
export function knownStages({ stages }: PipelinePlanV2, options: StageOptions): NonNullable<OpenOptions['stages']> {
  const asked = stagesAsked(options);
  const own = stages.filter(({ op }) => isCallerOp(op));
  const opOf = ([name, entry]: readonly [string, unknown]): string =>
    `${Object.hasOwn(entry as object, 'library') ? 'native' : 'js'}:${name}`;
  const unknown = Object.entries(asked).find((entry) => !own.some(({ op }) => op === opOf(entry)));
  if (unknown === undefined) return asked;
  throw usageError(
    `--stage ${unknown[0]} is the code of no stage: no stage has the op ${opOf(unknown)}.`,
    own.length === 0
      ? 'The plan has no stage with an op js:NAME or native:NAME.'
      : `The plan has ${[...new Set(own.map(({ op }) => op))].join(', ')}.`,
  );
}

function parted(text: string): readonly [name: string, path: string] {
  const at = text.indexOf('=');
  const [name, path] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || path === '')
    throw usageError(
      `--stage takes NAME=PATH, received ${JSON.stringify(text)}.`,
      'NAME is what stands behind the colon of the op: --stage score=./score.mjs',
    );
  if (!MODULE.test(path) && !LIBRARY.test(path))
    throw usageError(
      `--stage ${name} names ${JSON.stringify(path)}, which is no module and no shared library by its name.`,
      'Give a file that ends with .mjs, .js, .cjs or .ts for an op js:NAME, or with .so, .node or .dylib for native:NAME.',
    );
  return [name, path];
}

function setOf(text: string, stages: ReadonlyMap<string, Record<string, unknown>>): void {
  const [, name = '', key = '', value = ''] = /^([^.=]+)\.([^.=]+)=(.*)$/s.exec(text) ?? [];
  if (name === '')
    throw usageError(
      `--stage-set takes NAME.KEY=VALUE, received ${JSON.stringify(text)}.`,
      `A stage has the keys ${keys}: --stage-set score.export=fast`,
    );
  const entry = stages.get(name);
  if (entry === undefined)
    throw usageError(`--stage-set ${name} is about a name that no --stage has.`, `Add --stage ${name}=./${name}.mjs.`);
  if (entry.library !== undefined)
    throw usageError(`--stage-set ${name} is about a shared library, which has no settings.`, 'Remove it.');
  const known = STAGE_KEYS.find((one) => one === key);
  if (known === undefined) throw usageError(`--stage-set ${name} has no key "${key}".`, `A stage has ${keys}.`);
  if (entry[key] !== undefined)
    throw usageError(`--stage-set names "${name}.${key}" twice.`, 'Give each key one value.');
  const is = SETTINGS[known](value);
  if (is === undefined)
    throw usageError(`--stage-set ${name}.${key} is ${JSON.stringify(value)}, which is no value of it.`, 'Correct it.');
  entry[key] = is;
}

function count(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** What `open` says of `stages`, in the words of the command line. */
export const inStageOptions = (message: string): string =>
  message
    .replace(
      /give open its function, stages: \{ "([^"]+)": [^}]*\}/,
      (_, name: string) => `name its module, --stage ${name}=./${name}.mjs`,
    )
    .replace(
      /give open its library, stages: \{ "([^"]+)": [^}]*\} \}/,
      (_, name: string) => `name its library, --stage ${name}=./${name}.so`,
    )
    .replace(/\bstages\.([^\s.]+)\.(?:module|library) is /g, '--stage $1 is ')
    .replace(/\bstages\.([^\s.]+)\.(\w+) is /g, '--stage-set $1.$2 is ')
    .replace(/\bstages\.([^\s.]+) is /g, '--stage $1 is ');
