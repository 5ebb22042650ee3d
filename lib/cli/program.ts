/**
 * The command line: finds the verb, loads only its file, and turns every way to end into an exit code. Nothing here
 * loads the addon. Main thread, once a process.
 */
import { Command, CommanderError, Help, type Option } from 'commander';
import { packageVersion } from '../runtime/package-root.js';
import { CliError, ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';
import { harmless } from './text.js';
import type { Define, VerbContext } from './verb.js';

interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}

/** In the order of the help. */
export const VERBS: readonly VerbEntry[] = [
  {
    name: 'validate',
    summary: 'check plans and print everything that is wrong with them',
    load: () => import('./verbs/validate.js'),
  },
  {
    name: 'compile',
    summary: 'compile a plan to a version: its id and what it is made of',
    load: () => import('./verbs/compile.js'),
  },
  {
    name: 'describe',
    summary: 'say what a plan will do, with every byte that it will map',
    load: () => import('./verbs/describe.js'),
  },
  {
    name: 'view',
    summary: 'show a plan of either target as a line of stages or as a topology',
    load: () => import('./verbs/view.js'),
  },
  { name: 'dot', summary: 'draw a plan in the language of Graphviz', load: () => import('./verbs/dot.js') },
  { name: 'diff', summary: 'say what differs between two plans', load: () => import('./verbs/diff.js') },
  {
    name: 'explain',
    summary: 'explain a diagnostic code or an insertion rule of the compiler',
    load: () => import('./verbs/explain.js'),
  },
  { name: 'schema', summary: 'print the JSON Schema of plans, for editors', load: () => import('./verbs/schema.js') },
  {
    name: 'run',
    summary: 'run a plan over files and standard streams',
    load: () => import('./verbs/run.js'),
  },
  {
    name: 'replay',
    summary: 'feed the records of a journal through a plan',
    load: () => import('./verbs/replay.js'),
  },
  {
    name: 'dead-letters',
    summary: 'list, show and feed again the records that failed',
    load: () => import('./verbs/dead-letters.js'),
  },
  {
    name: 'bench',
    summary: 'compare two plans, or two ways to run one: outputs first, then time, with a verdict',
    load: () => import('./verbs/bench.js'),
  },
  {
    name: 'snapshot',
    summary: 'look at a running pipeline: the state of each agent, and what it waits for',
    load: () => import('./verbs/snapshot.js'),
  },
  {
    name: 'doctor',
    summary: 'check this machine, and whether a plan fits on it',
    load: () => import('./verbs/doctor.js'),
  },
  {
    name: 'build',
    summary: 'compile the native core where no prebuilt one fits',
    load: () => import('./verbs/build.js'),
  },
  {
    name: 'capabilities',
    summary: 'print what this release can do: ops, features, limits',
    load: () => import('./verbs/capabilities.js'),
  },
  {
    name: 'completion',
    summary: 'print the script by which a shell completes command lines',
    load: () => import('./verbs/completion.js'),
  },
];

const DESCRIPTION =
  'A pipeline runtime for Node.js: plans checked in TypeScript, executed by C++ rings and lanes on pinned threads.';

const EXIT_CODES = `
Exit codes:
  0         done, also when the reader of standard output went away
  1         the plan has errors (all of them are printed)
  2         wrong usage, or the plan cannot be read
  3         the run failed, or an output could not be written
  4         conservation did not balance
  5         this machine cannot do what was asked
  6         bench: the plan is slower
  7         bench: no verdict
  130, 143  ended by SIGINT, SIGTERM after a drain and a summary

\`byteor VERB --help\` says more, with examples.
`;

class Context implements VerbContext {
  readonly out: Terminal['out'];
  readonly err: Terminal['err'];
  exitCode: ExitCode = ExitCode.Done;

  constructor(terminal: Terminal) {
    this.out = terminal.out;
    this.err = terminal.err;
  }

  readonly ends: VerbContext['ends'] =
    (action) =>
    async (...args) => {
      this.exitCode = await action(...args);
    };

  readonly program: VerbContext['program'] = (verb) => buildProgram(verb, this);
}

/** An option that may be repeated starts from an empty list, which says nothing to a reader of the help. */
function optionDescription(this: Help, option: Option): string {
  const empty = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  const shown: Option = empty ? Object.create(option, { defaultValue: { value: undefined } }) : option;
  return Help.prototype.optionDescription.call(this, shown);
}

/** What every command, the program's and a verb's, does about help, errors and streams. */
function settle(command: Command, context: Context): Command {
  const path = command.parent === null ? 'byteor' : `byteor ${command.name()}`;
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.err.write(text),
      outputError: (text, write) =>
        write(`${path}: ${harmless(text.replace(/^error: (command-argument value )?/, ''))}`),
      getOutHelpWidth: () => context.out.columns,
      getErrHelpWidth: () => context.err.columns,
      getOutHasColors: () => context.out.colors.isColorSupported,
      getErrHasColors: () => context.err.colors.isColorSupported,
    })
    .configureHelp({ styleTitle: (title) => context.out.colors.bold(title), optionDescription })
    .showHelpAfterError(`Try \`${path} --help\`.`)
    .helpOption('-h, --help', 'print this help');
}

/** @param alone the verb that the command line begins with, where it begins with one */
async function buildProgram(wanted: string | undefined, context: Context, alone?: string): Promise<Command> {
  const program = settle(new Command('byteor'), context);
  program
    .description(DESCRIPTION)
    .usage('VERB [options]')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand(false)
    .configureHelp({ ...program.configureHelp(), commandUsage: (command) => `${command.name()} ${command.usage()}` })
    .addHelpText('after', EXIT_CODES);
  // Behind a verb nothing asks for the others: suggestions and the list of verbs are for those who have not named one.
  const verbs = alone === undefined ? VERBS : VERBS.filter(({ name }) => name === alone);
  for (const verb of verbs) {
    const command = program.command(verb.name).summary(verb.summary);
    settle(command, context).description(`${verb.summary[0]?.toUpperCase()}${verb.summary.slice(1)}.`);
    if (verb.name === wanted) (await verb.load()).define(command, context);
  }
  return program;
}

/** `byteor help VERB` and `byteor VERB --help` are the same. */
function normalArguments(args: readonly string[]): readonly string[] {
  if (args[0] !== 'help') return args;
  return args[1] === undefined ? ['--help'] : [args[1], '--help'];
}

/** Runs one command line (without node and script). Never throws, never rejects: the answer is the exit code. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const context = new Context(terminal);
  const args = normalArguments(argv);
  const wanted = args.find((argument) => !argument.startsWith('-'));
  try {
    const isVerb = wanted === undefined || VERBS.some(({ name }) => name === wanted);
    const program = await buildProgram(wanted, context, isVerb && args[0] === wanted ? wanted : undefined);
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return ExitCode.Usage;
    }
    // What follows a verb that does not exist, even --help, is not an answer to anything.
    await program.parseAsync(isVerb || args[0] !== wanted ? args : [wanted], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return report(error, wanted, context);
  }
}

/** Prints what ended a verb, and says which exit code that is. Commander has printed its own errors. */
function report(error: unknown, verb: string | undefined, context: Context): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage;
  return printProblem(error, verb === undefined ? 'byteor' : `byteor ${verb}`, context);
}

/** One line for a problem, a stack only when BYTEOR_DEBUG asks for it. Also used for uncaught errors. */
export function printProblem(error: unknown, path: string, { err }: Terminal): ExitCode {
  const message = error instanceof Error ? error.message : String(error);
  err.line(`${path}: ${err.colors.red(harmless(message))}`);
  const debug = process.env.BYTEOR_DEBUG !== undefined && process.env.BYTEOR_DEBUG !== '';
  if (error instanceof CliError) {
    if (error.remedy !== undefined) err.line(harmless(error.remedy));
    if (debug && error.cause instanceof Error) err.line(harmless(error.cause.stack ?? ''));
    return error.exitCode;
  }
  if (debug && error instanceof Error) err.line(harmless(error.stack ?? ''));
  else err.line('This is a bug in byteor. BYTEOR_DEBUG=1 prints where it happened.');
  return ExitCode.RunFailed;
}
