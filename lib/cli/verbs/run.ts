/** `byteor run`: a plan over files and standard streams, to the end of its input. */
import { adapterForms } from '../adapters.js';
import { type AskedEnds, addEndOptions, askedEnds } from '../end-options.js';
import { ExitCode } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { execute } from '../run/execute.js';
import { addRunOptions, type RunOptions } from '../run/run-options.js';
import { type Define, examples, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

type Options = RunOptions & AskedEnds;

export const define: Define = (command, context) => {
  command
    .description(
      'Run a plan to the end of its input and print a summary. Each line is a record; its terminator (LF, CRLF or none) ' +
        'is kept and written back, so a plan that changes nothing reproduces its input byte for byte.',
    )
    .argument(...PLAN_ARGUMENT);
  addEndOptions(
    command,
    ['<id=adapter>', `where records come from: ${adapterForms('ingress').join(', ')}; once for each ingress`],
    ['<id=adapter>', `where records go: ${adapterForms('egress').join(', ')}; once for each egress`],
  );
  addRunOptions(command)
    .addHelpText('after', HELP)
    .action(context.ends((path: string, options: Options) => runPlan(path, options, context)));
};

const HELP = `${examples([
  ['byteor run plan.yaml --ingress in=lines:access.log --egress out=lines:errors.log', 'a file through a plan'],
  ['zcat a.gz | byteor run plan.yaml --ingress in=lines:- --egress out=lines:- | less', 'in a pipe'],
  ['byteor run plan.yaml --ingress in=lines:a.log --egress out=discard --json', 'counts only, as JSON'],
  ['byteor run graph.yaml --ingress a=lines:a.log --ingress b=lines:b.log --egress out=lines:-', 'several sources'],
  ['byteor run plan.yaml --ends ends.yaml --set out.append=true', 'ends from a file, one key of them changed'],
])}
The summary goes to standard output, or to standard error when an egress writes to standard output. SIGINT (Ctrl-C) and
SIGTERM drain and print it; a second one stops at once. Sizes: 64k and 1M are thousands, 64KiB and 1MiB are 1024s.
`;

async function runPlan(path: string, options: Options, context: VerbContext): Promise<ExitCode> {
  const plan = await loadPlan(path, options.json === true, context);
  if (plan === undefined) return ExitCode.PlanErrors;
  const ends = await askedEnds(plan.boundaries, options);
  return await execute({ verb: 'run', path, plan, ends, options }, context);
}
