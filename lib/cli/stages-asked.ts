/**
 * What `--stage NAME=PATH` and `--stage-set NAME.KEY=VALUE` say, as `open` takes it. Loaded where one of them is given. Pure; any
 * thread.
 */

import type { PipelinePlanV2 } from '../plan/document.js';
import { functionOf } from '../plan/op-catalog.js';
import type { OpenOptions } from '../runtime/options.js';
import { usageError } from './exit-code.js';
import { STAGE_KEYS, type StageOptions } from './stage-options.js';

const MODULE = /\.[cm]?[jt]s$/;

/** How a value of each key is read; undefined: it is none. */
const SETTINGS: { readonly [Key in (typeof STAGE_KEYS)[number]]: (text: string) => unknown } = {
  export: (text) => (text === '' ? undefined : text),
  workers: count,
  concurrency: count,
  timeoutMs: (text) => (text === 'Infinity' ? Number.POSITIVE_INFINITY : count(text)),
};

const keys = STAGE_KEYS.join(', ');

/**
 * As `open` takes them: each a module in a worker.
 * @throws CliError (wrong usage)
 */
export function stagesAsked({ stage, stageSet }: StageOptions): NonNullable<OpenOptions['stages']> {
  const stages = new Map<string, Record<string, unknown>>();
  for (const text of stage) {
    const [name, path] = parted(text);
    if (stages.has(name)) throw usageError(`--stage names "${name}" twice.`, 'Give each name one module.');
    stages.set(name, { module: path });
  }
  for (const text of stageSet) setOf(text, stages);
  return Object.fromEntries(stages) as unknown as NonNullable<OpenOptions['stages']>;
}

/** Where the code of a plan's own stages would run; in the order of the plan. */
export interface StagePlace {
  readonly stage: string;
  /** Of the function. */
  readonly name: string;
  /** null: nothing was named. */
  readonly module: string | null;
  readonly export: string;
  /** Threads of JavaScript. */
  readonly workers: number;
}

/** @throws CliError (wrong usage), also for a name that no stage has */
export function stagePlaces({ stages }: PipelinePlanV2, options: StageOptions): readonly StagePlace[] {
  const asked = stagesAsked(options) as Readonly<Record<string, { module: string; export?: string; workers?: number }>>;
  const names = stages.flatMap(({ op }) => functionOf(op) ?? []);
  const unknown = Object.keys(asked).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw usageError(
      `--stage ${unknown} is the code of no stage.`,
      names.length === 0
        ? 'The plan has no stage with an op js:NAME.'
        : `The plan has ${[...new Set(names)].map((name) => `js:${name}`).join(', ')}.`,
    );
  return stages.flatMap(({ id, op }) => {
    const name = functionOf(op);
    if (name === undefined) return [];
    const { module = null, export: exported = 'default', workers = 1 } = asked[name] ?? {};
    return [{ stage: id, name, module, export: exported, workers }];
  });
}

/** Where a stage runs, in words. */
export function placeWords({ name, module, export: exported, workers }: StagePlace): string {
  if (module === null) return `js:${name}: nothing yet; name its module with --stage ${name}=./${name}.mjs`;
  const what = exported === 'default' ? module : `${exported} of ${module}`;
  return `js:${name}: ${what}, in ${workers === 1 ? 'a worker thread' : `${workers} worker threads`}`;
}

function parted(text: string): readonly [name: string, path: string] {
  const at = text.indexOf('=');
  const [name, path] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || path === '')
    throw usageError(
      `--stage takes NAME=PATH, received ${JSON.stringify(text)}.`,
      'NAME is what stands behind the colon of the op: --stage score=./score.mjs',
    );
  if (!MODULE.test(path))
    throw usageError(
      `--stage ${name} names ${JSON.stringify(path)}, which is no module by its name.`,
      'Give a file that ends with .mjs, .js, .cjs or .ts.',
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
    .replace(/\bstages\.([^\s.]+)\.module is /g, '--stage $1 is ')
    .replace(/\bstages\.([^\s.]+)\.(\w+) is /g, '--stage-set $1.$2 is ')
    .replace(/\bstages\.([^\s.]+) is /g, '--stage $1 is ');
