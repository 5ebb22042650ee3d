/**
 * What `--stage NAME=PATH` and `--stage-set NAME.KEY=VALUE` say, as `open` takes it. Loaded where one of them is given. Pure; any
 * thread.
 */

import type { PipelinePlanV2 } from '../plan/document.js';
import { functionOf, isCallerOp, libraryOf } from '../plan/op-catalog.js';
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

/** Where the code of a plan's own stages would run; in the order of the plan. */
export type StagePlace = {
  readonly stage: string;
  /** As the plan has it. */
  readonly op: string;
} & (
  | {
      /** null: nothing was named. */
      readonly module: string | null;
      readonly export: string;
      /** Threads of JavaScript. */
      readonly workers: number;
    }
  | {
      /** null: nothing was named. It runs on a native thread. */
      readonly library: string | null;
    }
);

interface Asked {
  readonly module?: string;
  readonly export?: string;
  readonly workers?: number;
  readonly library?: string;
}

/** @throws CliError (wrong usage), also for a name that no stage has */
export function stagePlaces({ stages }: PipelinePlanV2, options: StageOptions): readonly StagePlace[] {
  const asked = stagesAsked(options) as Readonly<Record<string, Asked>>;
  const own = stages.filter(({ op }) => isCallerOp(op));
  const opOf = ([name, { library }]: readonly [string, Asked]): string =>
    `${library === undefined ? 'js' : 'native'}:${name}`;
  const unknown = Object.entries(asked).find((entry) => !own.some(({ op }) => op === opOf(entry)));
  if (unknown !== undefined)
    throw usageError(
      `--stage ${unknown[0]} is the code of no stage: no stage has the op ${opOf(unknown)}.`,
      own.length === 0
        ? 'The plan has no stage with an op js:NAME or native:NAME.'
        : `The plan has ${[...new Set(own.map(({ op }) => op))].join(', ')}.`,
    );
  return own.map(({ id: stage, op }): StagePlace => {
    const name = functionOf(op);
    if (name === undefined) return { stage, op, library: asked[libraryOf(op) ?? '']?.library ?? null };
    const { module = null, export: exported = 'default', workers = 1 } = asked[name] ?? {};
    return { stage, op, module, export: exported, workers };
  });
}

/** Where a stage runs, in words. */
export function placeWords(place: StagePlace): string {
  const { op } = place;
  const name = functionOf(op) ?? libraryOf(op);
  if ('library' in place)
    return place.library === null
      ? `${op}: nothing yet; name its library with --stage ${name}=./${name}.so`
      : `${op}: ${place.library}, on a native thread`;
  if (place.module === null) return `${op}: nothing yet; name its module with --stage ${name}=./${name}.mjs`;
  const what = place.export === 'default' ? place.module : `${place.export} of ${place.module}`;
  return `${op}: ${what}, in ${place.workers === 1 ? 'a worker thread' : `${place.workers} worker threads`}`;
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
