/**
 * The `byteor` command. Sets what holds for the whole process: a closed or full standard output, and
 * uncaught errors. Everything else is program.ts.
 */
import { ExitCode } from './exit-code.js';
import { printProblem, runCommandLine } from './program.js';
import { systemWords } from './system-words.js';
import { openTerminal } from './terminal.js';

const terminal = openTerminal();

// The reader of our output may stop: `byteor … | head`. That is not a failure and needs no message; but what went wrong
// before it (a plan with errors, a failed run) still decides the exit code.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? ExitCode.Done);
  terminal.err.line(`byteor: Cannot write to standard output: ${systemWords(error)}.`);
  process.exit(ExitCode.RunFailed);
});
// Without standard error no message can be written; the exit code still says it.
process.stderr.on('error', () => {});

function endBadly(error: unknown): never {
  process.exit(printProblem(error, 'byteor', terminal));
}
process.on('uncaughtException', endBadly);
process.on('unhandledRejection', endBadly);

// Node would end with 0 where nothing is left to wait for although the verb is not done.
const endUndone = (): void => endBadly(new Error('Nothing is left that could end this verb.'));
process.once('beforeExit', endUndone);
runCommandLine(process.argv.slice(2), terminal).then((code) => {
  process.off('beforeExit', endUndone);
  process.exitCode = code;
});
