/** `byteor build`: compiles the native core on this machine. The verb for a machine on which nothing else of byteor runs. */
import { spawnSync } from 'node:child_process';
import { InvalidArgumentError } from 'commander';
import { compiledBinary, targetName, thisTarget } from '../../runtime/binary.js';
import { loadedBinary } from '../../runtime/native.js';
import { packageRoot, packageVersion } from '../../runtime/package-root.js';
import { type BuildTools, checkBuild, compileAddon } from '../addon-build.js';
import { CliError, ExitCode } from '../exit-code.js';
import { askAddon } from '../native-facts.js';
import { type Define, examples, type VerbContext } from '../verb.js';

interface Options {
  readonly force?: true;
  readonly jobs?: number;
}

const CLEAR = '\r\u001b[2K';

export const define: Define = (command, context) => {
  command
    .description(
      'Compile the native core from the sources of the package into its build/Release, where it is loaded from then on. ' +
        'Does nothing where one loads already. Needs a C++20 compiler, make and python3; takes some minutes.',
    )
    .option('--force', 'compile also where a native core loads already')
    .option('--jobs <n>', 'compilers at a time (default: as many as CPUs; each takes up to 1 GB)', jobCount)
    .addHelpText(
      'after',
      examples([
        ['byteor build', 'where no prebuilt core fits'],
        ['byteor build --jobs 1', 'on a machine with little memory'],
      ]),
    )
    .action(context.ends((options: Options) => build(options, context)));
};

function jobCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1024) return count;
  throw new InvalidArgumentError('Give a whole number from 1 to 1024.');
}

async function build(options: Options, { out, err }: VerbContext): Promise<ExitCode> {
  const before = askAddon();
  if (before.loaded && options.force !== true) {
    out.line(
      `The native core loads from ${loadedBinary()}; nothing was compiled. \`byteor build --force\` compiles it.`,
    );
    return ExitCode.Done;
  }
  const root = packageRoot();
  const tools = await checkBuild(root);
  const target = targetName(thisTarget());
  if (!before.loaded) err.line(`The native core does not load: ${before.reason}`);
  err.line(`Compiling it in ${tools.units} units for ${target}, some minutes: ${tools.compiler}`);
  const start = performance.now();
  await compileAddon(root, tools, options.jobs, progress(tools, err));
  if (err.isTty) err.write(CLEAR);
  const compiled = compiledBinary(root);
  // What this process has loaded stays loaded: another one says whether the new one loads.
  const tried = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(compiled)})`], { encoding: 'utf8' });
  if (tried.status !== 0)
    throw new CliError(ExitCode.MachineCannot, `What was compiled does not load: ${tried.stderr}`, `See ${tools.log}.`);
  const seconds = Math.round((performance.now() - start) / 1000);
  out.line(`Compiled the native core of byteor ${packageVersion()} for ${target} in ${seconds} s: ${compiled}`);
  return ExitCode.Done;
}

/** A counter on a terminal; elsewhere nothing. */
function progress({ units }: BuildTools, err: VerbContext['err']): (count: number) => void {
  return (count) => {
    if (err.isTty) err.write(`${CLEAR}${Math.min(count, units)} of ${units} units`);
  };
}
