/**
 * The options of `open` as options of a command line: `run`, `describe` and `doctor` share them, so that what one of
 * them says about a plan holds for the other. Pure; any thread.
 */
import { type Command, Option } from 'commander';
import { PROFILES, THREADS_MAX, WAITS, type WordOf } from '../abi/definition.js';
import { SIZE_DEFAULTS, SIZE_LIMITS } from '../layout/memory.js';
import type { OpenOptions } from '../runtime/options.js';
import { parseCount, parseCpuList, parseSize, sizeWords, wholeNumber } from './sizes.js';

/** As commander collects them. */
export interface SizeOptions {
  readonly capacity?: number;
  readonly recordMax?: number;
  readonly arenaBytes?: number;
  readonly laneBytes?: number;
}

export interface ThreadOptions {
  readonly threads?: number;
  readonly cpus?: readonly number[];
  /** False after --no-pin. */
  readonly pin: boolean;
  readonly profile: WordOf<'Profile'>;
  readonly wait: WordOf<'WaitStrategy'>;
}

/** Of memory. */
export const SIZES: readonly Option[] = [
  new Option('--capacity <n>', `records that a shard may hold (default ${SIZE_DEFAULTS.capacity})`).argParser(
    parseCount,
  ),
  new Option(
    '--record-max <size>',
    `largest record (default ${sizeWords(SIZE_DEFAULTS.recordMax)}, at most ${sizeWords(SIZE_LIMITS.recordMax)})`,
  ).argParser(parseSize),
  new Option('--arena-bytes <size>', 'memory for the records of a shard, a power of two').argParser(parseSize),
  new Option('--lane-bytes <size>', 'LaneGraph: memory of each lane whose connection gives no capacity').argParser(
    parseSize,
  ),
];

/** Of threads. */
export const THREADS: readonly Option[] = [
  new Option('--threads <n>', 'native threads (default: from the plan and the CPUs)').argParser(
    wholeNumber(1, THREADS_MAX),
  ),
  new Option('--cpus <list>', 'CPUs to pin to, in the order of the threads, like 0,2-5').argParser(parseCpuList),
  new Option('--no-pin', 'pin no thread to a CPU'),
  new Option('--profile <profile>', 'which CPU and memory settings to request of the machine')
    .choices(PROFILES)
    .default('default'),
  new Option('--wait <strategy>', 'what a thread does while it waits').choices(WAITS).default('profile'),
];

export function addOpenOptions(command: Command): Command {
  for (const option of [...SIZES, ...THREADS]) command.addOption(option);
  return command;
}

/** Options as `open` takes them. */
export const openOptionsAsked = (options: SizeOptions & ThreadOptions): OpenOptions => ({
  ...sizesAsked(options),
  profile: options.profile,
  wait: options.wait,
  pin: options.pin,
  ...(options.threads === undefined ? {} : { threads: options.threads }),
  ...(options.cpus === undefined ? {} : { cpus: options.cpus }),
});

/** Sizes as describe and open take them: what was not asked for is left out. */
export const sizesAsked = (options: SizeOptions): SizeOptions => ({
  ...(options.capacity === undefined ? {} : { capacity: options.capacity }),
  ...(options.recordMax === undefined ? {} : { recordMax: options.recordMax }),
  ...(options.arenaBytes === undefined ? {} : { arenaBytes: options.arenaBytes }),
  ...(options.laneBytes === undefined ? {} : { laneBytes: options.laneBytes }),
});

/** The words of an error of sizes, with the options as they are called here. */
export const inOptionNames = (message: string): string =>
  message
    .replace(/^journal(?:\.folder)?(?= is )/, '--journal')
    .replace(/^deadLetters(?:\.folder)?(?= is )/, '--dead-letters')
    .replaceAll(
      /\b(recordMax|arenaBytes|laneBytes|capacity|cpus|threads|batchRecords)\b/g,
      (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    );
