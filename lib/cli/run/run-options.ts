/** The options that `run` and `replay` share: what a run is told beside its plan and its ends. Pure; any thread. */
import { type Command, Option } from 'commander';
import { STOP_DEADLINE_MS } from '../../runtime/pipeline.js';
import { addOpenOptions, type SizeOptions, type ThreadOptions } from '../open-options.js';
import { parseDuration, wholeNumber } from '../sizes.js';
import { addStageOptions, type StageOptions } from '../stage-options.js';
import { JSON_OPTION } from '../verb.js';

export type RunOptions = SizeOptions &
  ThreadOptions &
  StageOptions & {
    readonly json?: true;
    readonly assertConserved?: true;
    readonly maxFailed?: number;
    readonly requireProfile?: true;
    readonly observe?: true;
    readonly journal?: string;
    readonly deadLetters?: string;
    /** False after --no-progress, undefined where nothing was said. */
    readonly progress?: boolean;
    readonly quiet?: true;
    readonly verbose?: true;
    /** Milliseconds. */
    readonly deadline: number;
  };

export function addRunOptions(command: Command): Command {
  command
    .option(...JSON_OPTION)
    .option('-q, --quiet', 'print no summary')
    .addOption(
      new Option(
        '-v, --verbose',
        'print all of it: stages, lanes, threads, and why a request was not granted',
      ).conflicts('quiet'),
    )
    .option('--assert-conserved', 'exit with 4 unless every record is accounted for')
    .addOption(
      new Option(
        '--max-failed <n>',
        'exit with 3 if more records than N failed, whatever `on_error` says (default: any number may)',
      ).argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    )
    .option('--require-profile', 'exit with 5 unless the machine grants everything that the profile asks for')
    .option(
      '--journal <folder>',
      'LaneGraph: where Journal lanes keep their files (default: a new folder, removed when all is delivered)',
    )
    .option('--dead-letters <folder>', 'where letters of records that fail under `on_error: dead_letter` go')
    .option('--observe', 'let other processes of this user observe the run (`byteor snapshot`)')
    .option('--progress', 'show progress (default: on a terminal)')
    .addOption(new Option('--no-progress', 'show no progress'))
    .addOption(
      new Option('--deadline <duration>', 'how long to drain after a signal, like 500ms or 10s')
        .argParser(parseDuration)
        .default(STOP_DEADLINE_MS, `${STOP_DEADLINE_MS / 1000}s`),
    );
  return addOpenOptions(addStageOptions(command));
}
