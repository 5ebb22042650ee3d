/** The check of what `open` and `attach` are given as `stages`: names and forms, by sentences. Pure; any thread. */

import { BATCH_RECORDS_MAX } from '../abi/definition.js';
import { describeValue } from '../error/describe-value.js';
import { OptionError } from '../error/errors.js';
import type { HostedStage } from './hosted-stage.js';
import { isNative } from './native-stages.js';
import type { StageContext, StageRecords } from './stage-functions.js';

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

/** Records of which answers are promised at once, where nothing else is said. */
export const CONCURRENCY_DEFAULT = 16;

/** Milliseconds that a function may take, where nothing else is said. */
export const TIMEOUT_MS_DEFAULT = 30_000;
/** Twelve days: longer is `Infinity` under another name. */
const TIMEOUT_MS_MAX = 2 ** 30;

const FORMS =
  'give a function of a record, { fn, concurrency, timeoutMs }, or { start, batch, end, timeoutMs }, of which only batch must be there; ' +
  "or 'attach' where another thread brings it";

function wrong(option: string, received: unknown, words: string): never {
  throw new OptionError(option, received, `${option} ${words}`);
}

/** The names that a plan has for functions, for messages. */
export function namesOf(stages: readonly HostedStage[]): string {
  if (stages.length === 0) return 'the plan has no stage with an op js:NAME';
  const names = [...new Set(stages.map(({ name }) => name))].map((name) => {
    const ids = stages.filter((stage) => stage.name === name).map(({ id }) => `"${id}"`);
    return `"${name}" of stage ${ids.join(' and ')}`;
  });
  return `the plan has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
}

/**
 * The functions among what was given; what another thread brings is in `elsewhere`, and libraries are left to nativePlugins.
 * @throws OptionError
 */
export function checkStages(
  given: unknown,
  stages: readonly HostedStage[],
): { readonly own: CheckedStages; readonly elsewhere: ReadonlySet<string> } {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    wrong('stages', given, `is ${describeValue(given)}: give an object from a function's name to the function`);
  const own = new Map<string, CheckedStage>();
  const elsewhere = new Set<string>();
  for (const [name, code] of Object.entries(given ?? {})) {
    if (isNative(code)) continue;
    if (!stages.some((stage) => stage.name === name))
      wrong(`stages.${name}`, code, `is the function of no stage: ${namesOf(stages)}`);
    if (code === 'attach') elsewhere.add(name);
    else own.set(name, checkedStage(`stages.${name}`, code));
  }
  return { own, elsewhere };
}

function checkedStage(option: string, code: unknown): CheckedStage {
  if (typeof code === 'function')
    return {
      is: 'function',
      fn: code as (record: unknown) => unknown,
      concurrency: CONCURRENCY_DEFAULT,
      timeoutMs: TIMEOUT_MS_DEFAULT,
    };
  if (typeof code !== 'object' || code === null) return wrong(option, code, `is ${describeValue(code)}: ${FORMS}`);
  if ('fn' in code) {
    const { fn, concurrency = CONCURRENCY_DEFAULT, timeoutMs, ...others } = code as Record<string, unknown>;
    refuseOthers(option, others, 'fn, concurrency and timeoutMs');
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
  if (!('batch' in code)) return wrong(option, code, `has neither fn nor batch: ${FORMS}`);
  const { start, batch, end, timeoutMs, ...others } = code as Record<string, unknown>;
  refuseOthers(option, others, 'start, batch, end and timeoutMs');
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
  if (value === undefined) return TIMEOUT_MS_DEFAULT;
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
