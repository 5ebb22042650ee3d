/** The check of what `open` and `attach` are given as `stages`: names and forms, by sentences. Pure; any thread. */

import type { NativePlugin } from '../abi/addon.js';
import { BATCH_RECORDS_MAX } from '../abi/definition.js';
import { describeValue } from '../error/describe-value.js';
import { OpenError, OptionError } from '../error/errors.js';
import type { PipelinePlanV2, StageEntry } from '../plan/document.js';
import { STAGE_CONCURRENCY_DEFAULT, STAGE_TIMEOUT_MS_DEFAULT } from '../plan/limits.js';
import { functionOf, isCallerOp, libraryOf } from '../plan/op-catalog.js';
import type { HostedStage } from './hosted-stage.js';
import { isNative, nativePlugins } from './native-stages.js';
import { hostedStages } from './plan-stages.js';
import type { StageContext, StageRecords } from './stage-functions.js';
import { type CheckedModule, checkedModule, isModule } from './stage-module.js';

/** A function, or a program of three: what runs the stages of one name. */
export type CheckedStage = {
  /** Milliseconds that a call, or a promise of an answer, may take; Infinity where it may take for ever. */
  readonly timeoutMs: number;
} & (FunctionOnly | BatchesOnly);

type FunctionOnly = {
  readonly is: 'function';
  readonly fn: (record: unknown, context: StageContext) => unknown;
  /** Records of which answers are promised at once. */
  readonly concurrency: number;
};

type BatchesOnly = {
  readonly is: 'batches';
  readonly start: (context: StageContext) => unknown;
  readonly batch: (records: StageRecords<unknown>, state: unknown) => unknown;
  readonly end: (state: unknown) => unknown;
};

/** By the names that ops have in the plan. */
export type CheckedStages = ReadonlyMap<string, CheckedStage>;

/** Twelve days: longer is `Infinity` under another name. */
const TIMEOUT_MS_MAX = 2 ** 30;

const FORMS =
  'give a function of a record, { fn, concurrency, timeoutMs }, or { start, batch, end, timeoutMs }, of which only batch must be there';
const ENTRIES = "; or { module } for a worker, or 'attach' where another thread brings it";

/** What was given, by who runs it. */
export interface GivenStages {
  /** The thread that gives it. */
  readonly own: CheckedStages;
  /** Workers that are to be started. */
  readonly modules: readonly CheckedModule[];
  /** Another thread, which brings the code of these names. */
  readonly elsewhere: ReadonlySet<string>;
}

function wrong(option: string, received: unknown, words: string): never {
  throw new OptionError(option, received, `${option} ${words}`);
}

/** The names that a plan has for functions, for messages. */
function namesOf(stages: readonly HostedStage[]): string {
  if (stages.length === 0) return 'the plan has no stage with an op js:NAME';
  const names = [...new Set(stages.map(({ name }) => name))].map((name) => {
    const ids = stages.filter((stage) => stage.name === name).map(({ id }) => `"${id}"`);
    return `"${name}" of stage ${ids.join(' and ')}`;
  });
  return `the plan has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
}

/**
 * What was given of code in JavaScript; libraries are left to nativePlugins.
 * @param shards of the plan's ring, 1 of a graph
 * @throws OptionError; OpenError where a file cannot be a module
 */
export function checkStages(given: unknown, stages: readonly HostedStage[], shards: number): GivenStages {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    wrong('stages', given, `is ${describeValue(given)}: give an object from a function's name to the function`);
  const own = new Map<string, CheckedStage>();
  const modules: CheckedModule[] = [];
  const elsewhere = new Set<string>();
  for (const [name, code] of Object.entries(given ?? {})) {
    if (isNative(code)) continue;
    if (!stages.some((stage) => stage.name === name))
      wrong(`stages.${name}`, code, `is the function of no stage: ${namesOf(stages)}`);
    if (code === 'attach') elsewhere.add(name);
    else if (isModule(code)) {
      const module = checkedModule(name, code, shards);
      checkedStage(`stages.${name}`, { fn: () => undefined, ...module.settings });
      modules.push(module);
    } else own.set(name, checkedStage(`stages.${name}`, code, ENTRIES));
  }
  return { own, modules, elsewhere };
}

/**
 * @param others words for what `option` may be besides
 * @throws OptionError
 */
export function checkedStage(option: string, code: unknown, others = ''): CheckedStage {
  if (typeof code === 'function')
    return {
      is: 'function',
      fn: code as (record: unknown) => unknown,
      concurrency: STAGE_CONCURRENCY_DEFAULT,
      timeoutMs: STAGE_TIMEOUT_MS_DEFAULT,
    };
  if (typeof code !== 'object' || code === null)
    return wrong(option, code, `is ${describeValue(code)}: ${FORMS}${others}`);
  if ('fn' in code) {
    const { fn, concurrency = STAGE_CONCURRENCY_DEFAULT, timeoutMs, ...unknown } = code as Record<string, unknown>;
    refuseOthers(option, unknown, 'fn, concurrency and timeoutMs');
    const most = BATCH_RECORDS_MAX;
    if (!Number.isInteger(concurrency) || (concurrency as number) < 1 || (concurrency as number) > most)
      wrong(
        `${option}.concurrency`,
        concurrency,
        `is ${describeValue(concurrency)}: give an integer from 1 to ${most}`,
      );
    return {
      is: 'function',
      fn: callable(`${option}.fn`, fn),
      concurrency: concurrency as number,
      timeoutMs: checkedTimeout(option, timeoutMs),
    };
  }
  if (!('batch' in code)) return wrong(option, code, `has neither fn nor batch: ${FORMS}${others}`);
  const { start, batch, end, timeoutMs, ...unknown } = code as Record<string, unknown>;
  refuseOthers(option, unknown, 'start, batch, end and timeoutMs');
  // They may be methods that use each other.
  const bound = (name: string, fn: unknown) => callable(`${option}.${name}`, fn).bind(code);
  return {
    is: 'batches',
    timeoutMs: checkedTimeout(option, timeoutMs),
    start: start === undefined ? () => undefined : bound('start', start),
    batch: bound('batch', batch),
    end: end === undefined ? () => undefined : bound('end', end),
  };
}

function checkedTimeout(option: string, value: unknown): number {
  if (value === undefined) return STAGE_TIMEOUT_MS_DEFAULT;
  if (value === Number.POSITIVE_INFINITY) return value;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= TIMEOUT_MS_MAX) return value as number;
  return wrong(
    `${option}.timeoutMs`,
    value,
    `is ${describeValue(value)}: give milliseconds, an integer from 1 to ${TIMEOUT_MS_MAX}, or Infinity`,
  );
}

function refuseOthers(option: string, others: object, known: string): void {
  const [name] = Object.keys(others);
  if (name === undefined) return;
  wrong(`${option}.${name}`, (others as Record<string, unknown>)[name], `is no part of this form, which has ${known}`);
}

function callable(option: string, value: unknown): (...given: unknown[]) => unknown {
  if (typeof value === 'function') return value as (...given: unknown[]) => unknown;
  return wrong(option, value, `is ${describeValue(value)}: give a function`);
}

/** What an opening knows of the stages of one's own. */
export interface OpenedStages extends Omit<GivenStages, 'elsewhere'> {
  /** Those that JavaScript runs. */
  readonly hosted: readonly HostedStage[];
  /** Stages of modules, with their numbers of threads. */
  readonly workers: readonly { readonly stage: string; readonly workers: number }[];
  /** Stages of libraries. */
  readonly plugins: readonly NativePlugin[];
}

/**
 * What `open` is given for a plan, which must be complete.
 * @throws OptionError; OpenError where nothing runs a stage, or a file cannot be a module or a library
 */
export function openedStages(plan: PipelinePlanV2, given: unknown): OpenedStages {
  const hosted = hostedStages(plan);
  const shards = plan.target === 'SingleRing' ? (plan.single_ring.shards ?? 1) : 1;
  const stages = checkStages(given, hosted, shards);
  const plugins = nativePlugins(plan, (given ?? {}) as Readonly<Record<string, unknown>>);
  refuseCallerOps(plan, hosted, stages, plugins);
  const { own, modules } = stages;
  const workers = modules.flatMap(({ name, workers }) =>
    hosted.flatMap((stage) => (stage.name === name ? [{ stage: stage.id, workers }] : [])),
  );
  return { hosted, own, modules, workers, plugins };
}

/** Ops of the caller that nothing runs, because their function or library was not given. */
function refuseCallerOps(
  { name, stages }: PipelinePlanV2,
  hosted: readonly HostedStage[],
  given: GivenStages,
  plugins: readonly NativePlugin[],
): void {
  const known = new Set([...given.own.keys(), ...given.modules.map((module) => module.name), ...given.elsewhere]);
  const runs = ({ id, op }: StageEntry): boolean =>
    known.has(functionOf(op) ?? '') || plugins.some(({ stage }) => stage === id);
  const own = stages.filter((stage) => isCallerOp(stage.op) && !runs(stage));
  const [first] = own;
  if (first === undefined) return;
  const named = own.slice(0, 8).map(({ id, op }) => `"${id}" (${op})`);
  const rest = own.length > named.length ? ` and ${own.length - named.length} more` : '';
  const wanted = functionOf(first.op);
  const remedy =
    wanted === undefined
      ? `give open its library, stages: { ${JSON.stringify(libraryOf(first.op))}: { library: PATH } }`
      : `give open its function, stages: { ${JSON.stringify(wanted)}: (record) => … }; ${namesOf(hosted)}`;
  throw new OpenError(
    'OP_UNAVAILABLE',
    `plan "${name}" has ${own.length === 1 ? 'a stage' : 'stages'} that nothing runs: ${named.join(', ')}${rest}; ${remedy}`,
  );
}
