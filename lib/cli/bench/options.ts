/** The options of `bench`, and what they say of the two sides. Main thread. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FLOOR_DEFAULT, FLOOR_MIN } from '../../bench/verdict.js';
import type { PipelinePlanV2 } from '../../plan/document.js';
import type { OpenOptions } from '../../runtime/options.js';
import { packageRoot } from '../../runtime/package-root.js';
import { type AskedEnds, addEndOptions } from '../end-options.js';
import { usageError } from '../exit-code.js';
import { addOpenOptions, openOptionsAsked, type SizeOptions, type ThreadOptions } from '../open-options.js';
import { isSameFile } from '../same-file.js';
import { wholeNumber } from '../sizes.js';
import { systemWords } from '../system-words.js';
import { JSON_OPTION } from '../verb.js';
import { addAgainstOptions, againstAsked } from './against-options.js';

export type BenchOptions = SizeOptions &
  ThreadOptions &
  AskedEnds & {
    readonly against?: string;
    readonly againstPackage?: string;
    readonly seconds: number;
    /** As a share. */
    readonly floor: number;
    readonly latency?: true;
    readonly scratch?: string;
    readonly out?: string;
    readonly benchmarkJson?: string;
    readonly svg?: string;
    readonly json?: true;
    readonly progress?: boolean;
  };

const SECONDS_DEFAULT = 60;
const SECONDS_MAX = 86_400;
/** Whatever is within such a floor is hardly the same. */
const FLOOR_ASKED_MAX = 0.5;

function parseFloor(text: string): number {
  const share = /^[0-9]+(\.[0-9]+)?%?$/.test(text) ? Number.parseFloat(text) / 100 : Number.NaN;
  if (share >= FLOOR_MIN && share <= FLOOR_ASKED_MAX) return share;
  throw new InvalidArgumentError(
    `Give percents from ${100 * FLOOR_MIN} to ${100 * FLOOR_ASKED_MAX}; two builds of equal speed differ by up to ${100 * FLOOR_MIN}.`,
  );
}

export function addBenchOptions(command: Command): Command {
  command
    .option('--against <plan>', 'the plan to compare with; PLAN itself where only options differ')
    .option('--against-package <folder>', 'run the other side with the byteor that is installed in this folder');
  addEndOptions(
    command,
    ['<id=adapter>', 'where records come from, on both sides: lines:PATH or replay:FOLDER'],
    ['<id=adapter>', 'where records go, on both sides: lines:PATH (a temporary file stands for it) or discard'],
  )
    .addOption(
      new Option('--seconds <n>', 'no pair begins later than this; latencies have as much again')
        .argParser(wholeNumber(1, SECONDS_MAX))
        .default(SECONDS_DEFAULT),
    )
    .addOption(
      new Option('--floor <percent>', 'what matters: a smaller change is the same')
        .argParser(parseFloor)
        .default(FLOOR_DEFAULT, `${100 * FLOOR_DEFAULT}`),
    )
    .option('--latency', 'also compare latencies, with the same load for both sides')
    .option('--scratch <folder>', "where laps write (default: the system's temporary folder)")
    .option(...JSON_OPTION)
    .option('--out <file>', 'write the facts with all samples, as JSON')
    .option('--benchmark-json <file>', 'write the form customSmallerIsBetter of github-action-benchmark')
    .option('--svg <file>', 'write a plot of the pairs')
    .option('--progress', 'show progress (default: on a terminal)')
    .addOption(new Option('--no-progress', 'show no progress'));
  return addAgainstOptions(addOpenOptions(command));
}

/** @throws CliError (wrong usage) where nothing says what PLAN is compared with */
export function checkAgainst(options: BenchOptions): void {
  const more = Object.keys(againstAsked(options)).length > 0;
  if (options.against === undefined && !more)
    throw usageError(
      'Nothing says what the plan is compared with.',
      'Give --against OTHER.yaml, or the same plan with other options, like --against-wait spin, or --against-package FOLDER.',
    );
}

/** Options of `open` that one target alone has. */
const OF_TARGET: Readonly<Record<PipelinePlanV2['target'], readonly (keyof SizeOptions)[]>> = {
  SingleRing: ['capacity', 'arenaBytes'],
  LaneGraph: ['laneBytes'],
};

export const planOptions = (options: BenchOptions): OpenOptions => openOptionsAsked(options);

/** As PLAN's, but for what `--against-` options say, and for sizes that only PLAN's target has. */
export function againstOptions(options: BenchOptions, plan: PipelinePlanV2, against: PipelinePlanV2): OpenOptions {
  const foreign: readonly string[] = plan.target === against.target ? [] : OF_TARGET[plan.target];
  const inherited = Object.entries(options).filter(([name]) => !foreign.includes(name));
  const { package: _, ...said } = againstAsked(options) as Record<string, unknown>;
  return openOptionsAsked({ ...Object.fromEntries(inherited), ...said } as SizeOptions & ThreadOptions);
}

/**
 * The folder of the byteor that runs the other side: the one named, or the one that is installed there.
 * @throws CliError (wrong usage)
 */
export function againstPackage({ againstPackage: folder }: BenchOptions): string {
  if (folder === undefined) return packageRoot();
  const found = [folder, join(folder, 'node_modules', 'byteor')].find(isByteor);
  if (found !== undefined) return found;
  throw usageError(
    `--against-package is ${JSON.stringify(folder)}, where no byteor is installed.`,
    'Name the folder in which `npm install byteor@VERSION` ran, or the package itself.',
  );
}

function isByteor(folder: string): boolean {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
    return name === 'byteor' && existsSync(join(folder, 'dist', 'index.js'));
  } catch {
    return false;
  }
}

/**
 * Before anything runs: what is to be written at the end can be, and is none of the files that are read.
 * @throws CliError (wrong usage)
 */
export function checkResultFiles(options: BenchOptions, read: readonly string[]): void {
  const files = { '--out': options.out, '--benchmark-json': options.benchmarkJson, '--svg': options.svg };
  const seen: string[] = [];
  for (const [option, path] of Object.entries(files)) {
    if (path === undefined) continue;
    if ([...read, ...seen].some((other) => other === path || isSameFile(other, path)))
      throw usageError(`${option} names ${JSON.stringify(path)}, which is used already.`, 'Name another file.');
    seen.push(path);
    try {
      accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
    } catch (error) {
      throw usageError(`${option} cannot write ${JSON.stringify(path)}: ${systemWords(error)}.`, 'Name another file.');
    }
    if (existsSync(path) && statSync(path).isDirectory())
      throw usageError(`${option} names the folder ${JSON.stringify(path)}.`, 'Name a file in it.');
  }
}
