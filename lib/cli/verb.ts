/** What a verb is to the program: a file in verbs/ that defines its arguments, options, help and action. */
import type { Command } from 'commander';
import type { ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';

export interface VerbContext extends Terminal {
  /** Wraps what a verb does: its result becomes the exit code of the process. */
  readonly ends: <Args extends unknown[]>(
    action: (...args: Args) => Promise<ExitCode>,
  ) => (...args: Args) => Promise<void>;
  /** The whole program, with the arguments and options of one verb: what completion reads. */
  readonly program: (verb: string | undefined) => Promise<Command>;
}

/** Each module in verbs/ exports one `define`. */
export type Define = (command: Command, context: VerbContext) => void;

/** Examples at the end of a verb's help: command lines, each with what it is for. */
export function examples(rows: readonly (readonly [line: string, purpose: string])[]): string {
  const width = Math.max(...rows.map(([line]) => line.length));
  return `\nExamples:\n${rows.map(([line, purpose]) => `  ${line.padEnd(width)}  ${purpose}`).join('\n')}\n`;
}

/** Said the same way by every verb that takes one. */
export const PLAN_ARGUMENT = ['<plan>', 'plan file (JSON or YAML), or - for standard input'] as const;
export const JSON_OPTION = ['--json', 'print facts as JSON'] as const;
