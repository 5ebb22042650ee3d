/** `byteor validate`: everything that is wrong with plans, in one run. Needs no addon. */
import { ExitCode } from '../exit-code.js';
import { printDiagnostics, readPlan } from '../load-plan.js';
import { counted } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

interface Options {
  readonly json?: true;
  readonly quiet?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Check plans and print everything that is wrong with them, each finding with its place, what was received and ' +
        'what to do. Nothing is executed and nothing is repaired. Warnings do not fail a plan.',
    )
    .argument('<plan...>', 'plan files (JSON or YAML), or - for standard input')
    .option(...JSON_OPTION)
    .option('-q, --quiet', 'print nothing when there are no findings')
    .addHelpText(
      'after',
      `${examples([
        ['byteor validate plan.yaml', 'errors as file:line:column'],
        ['byteor validate plans/*.yaml', 'all of them; fails if one has errors'],
        ['byteor validate --json plan.yaml', '{ "ok", "diagnostics" }'],
        ['generate-plan | byteor validate -', 'from standard input'],
      ])}\n\`byteor explain CODE\` says more about a finding.\n`,
    )
    .action(context.ends((paths: string[], options: Options) => validatePlans(paths, options, context)));
};

async function validatePlans(paths: readonly string[], options: Options, { out, err }: VerbContext): Promise<ExitCode> {
  const plans = [];
  // One after the other: several plans are read for their findings, not against the clock.
  for (const path of paths) plans.push(await readPlan(path, { out, err }));
  const ok = plans.every(({ validation }) => validation.ok);
  const diagnostics = plans.flatMap(({ validation }) => validation.diagnostics);
  if (options.json === true) {
    out.json({ ok, diagnostics });
  } else {
    printDiagnostics(diagnostics, new Map(plans.map(({ file, bytes }) => [file, bytes])), out);
    if (diagnostics.length === 0 && options.quiet !== true) out.line(validWords(plans.map(({ file }) => file)));
  }
  return ok ? ExitCode.Done : ExitCode.PlanErrors;
}

const validWords = (files: readonly string[]): string =>
  files.length === 1 ? `${files[0]}: valid` : `${counted(files.length, 'plan')}: valid`;
