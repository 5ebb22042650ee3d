/** The check of what `open` and `attach` are given as `stages`: names and forms, by sentences. Pure; any thread. */

import { describeValue } from '../error/describe-value.js';
import { OpenError, OptionError } from '../error/errors.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import { functionOf, isCallerOp } from '../plan/op-catalog.js';
import type { HostedStage } from './hosted-stage.js';
import type { StageContext, StageRecords } from './stage-functions.js';
import { type CheckedModule, checkedModule, isModule } from './stage-module.js';

/** A function, or a program of three: what runs the stages of one name. */
export type CheckedStage =
  | { readonly is: 'function'; readonly fn: (record: unknown, context: StageContext) => unknown }
  | {
      readonly is: 'batches';
      readonly start: (context: StageContext) => unknown;
      readonly batch: (records: StageRecords<unknown>, state: unknown) => unknown;
      readonly end: (state: unknown) => unknown;
    };

/** By the names that ops have in the plan. */
export type CheckedStages = ReadonlyMap<string, CheckedStage>;

const FORMS = 'give a function of a record, { fn }, or { start, batch, end }, of which only batch must be there';
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
    if (!stages.some((stage) => stage.name === name))
      wrong(`stages.${name}`, code, `is the function of no stage: ${namesOf(stages)}`);
    if (code === 'attach') elsewhere.add(name);
    else if (isModule(code)) modules.push(checkedModule(name, code, shards));
    else own.set(name, checkedStage(`stages.${name}`, code, ENTRIES));
  }
  return { own, modules, elsewhere };
}

/**
 * @param others words for what `option` may be besides
 * @throws OptionError
 */
export function checkedStage(option: string, code: unknown, others = ''): CheckedStage {
  if (typeof code === 'function') return { is: 'function', fn: code as (record: unknown) => unknown };
  if (typeof code !== 'object' || code === null)
    return wrong(option, code, `is ${describeValue(code)}: ${FORMS}${others}`);
  if ('fn' in code) {
    const { fn, ...unknown } = code;
    refuseOthers(option, unknown, 'fn');
    return { is: 'function', fn: callable(`${option}.fn`, fn) };
  }
  if (!('batch' in code)) return wrong(option, code, `has neither fn nor batch: ${FORMS}${others}`);
  const { start, batch, end, ...unknown } = code as { start?: unknown; batch: unknown; end?: unknown };
  refuseOthers(option, unknown, 'start, batch and end');
  // They may be methods that use each other.
  const bound = (name: string, fn: unknown) => callable(`${option}.${name}`, fn).bind(code);
  return {
    is: 'batches',
    start: start === undefined ? () => undefined : bound('start', start),
    batch: bound('batch', batch),
    end: end === undefined ? () => undefined : bound('end', end),
  };
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

/**
 * Ops of the caller that nothing runs: a function was not given, or they are native ones, which this version does not run.
 * @throws OpenError
 */
export function refuseCallerOps(
  { name, stages }: PipelinePlanV2,
  hosted: readonly HostedStage[],
  given: GivenStages,
): void {
  const known = new Set([...given.own.keys(), ...given.modules.map((module) => module.name), ...given.elsewhere]);
  const own = stages.filter(({ op }) => isCallerOp(op) && !known.has(functionOf(op) ?? ''));
  const [first] = own;
  if (first === undefined) return;
  const named = own.slice(0, 8).map(({ id, op }) => `"${id}" (${op})`);
  const rest = own.length > named.length ? ` and ${own.length - named.length} more` : '';
  const wanting = own.flatMap(({ op }) => functionOf(op) ?? [])[0];
  const remedy =
    wanting === undefined
      ? 'native ops do not run in this version: use built-in ops (see `byteor capabilities`), or js:NAME'
      : `give open its function, stages: { ${JSON.stringify(wanting)}: (record) => … }; ${namesOf(hosted)}`;
  throw new OpenError(
    'OP_UNAVAILABLE',
    `plan "${name}" has ${own.length === 1 ? 'a stage' : 'stages'} that nothing runs: ${named.join(', ')}${rest}; ${remedy}`,
  );
}
