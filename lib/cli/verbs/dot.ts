/** `byteor dot`: the authored graph in Graphviz's language. Needs no addon. */
import { planDot } from '../../describe/dot.js';
import { ExitCode } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { type Define, examples, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

export const define: Define = (command, context) => {
  command
    .description(
      'Draw a plan: its boundaries, stages and what leads from one to the next, in the language of Graphviz.',
    )
    .argument(...PLAN_ARGUMENT)
    .addHelpText(
      'after',
      examples([
        ['byteor dot plan.yaml', 'the text'],
        ['byteor dot plan.yaml | dot -Tsvg > plan.svg', 'a picture'],
      ]),
    )
    .action(context.ends((path: string) => drawPlan(path, context)));
};

async function drawPlan(path: string, context: VerbContext): Promise<ExitCode> {
  const plan = await loadPlan(path, false, context);
  if (plan === undefined) return ExitCode.PlanErrors;
  context.out.line(planDot(plan).trimEnd());
  return ExitCode.Done;
}
