/**
 * How the command line ends. The numbers are promised to scripts (docs/cli.md has the table, and a test compares them), so
 * every verb ends by one of these names and by no other number. Pure; any thread.
 */

export const ExitCode = {
  /** Done, also when the reader of standard output went away. */
  Done: 0,
  /** The plan has errors, syntax errors included; all of them were printed. */
  PlanErrors: 1,
  /** Wrong usage, or a plan that cannot be read. */
  Usage: 2,
  /** The run failed; wins over `Unbalanced`. Also: standard output could not be written. */
  RunFailed: 3,
  /** The counters of the run do not add up. */
  Unbalanced: 4,
  /** This machine cannot do what was asked. */
  MachineCannot: 5,
  /** `bench`: the plan is slower. */
  Slower: 6,
  /** `bench`: no verdict, because the outputs differ or the pairs do not tell. */
  NoVerdict: 7,
  /** Ended by SIGINT after a drain and a summary: 128 + 2. */
  Interrupted: 130,
  /** Ended by SIGTERM after a drain and a summary: 128 + 15. */
  Terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * An end that the user should read one sentence about, without a stack. `message` says what was received, `remedy` what
 * to do about it.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly remedy: string | undefined;

  constructor(exitCode: ExitCode, message: string, remedy?: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

/** Wrong usage: exit code 2. */
export const usageError = (message: string, remedy?: string): CliError => new CliError(ExitCode.Usage, message, remedy);
