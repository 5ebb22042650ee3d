/** `byteor describe`: what a plan will do, and every byte that it will map. Needs no addon. */
import { describePlan } from '../../describe/describe.js';
import { describeText } from '../../describe/describe-text.js';
import type { CheckedPlan } from '../../plan/document.js';
import { ExitCode, usageError } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { addOpenOptions, inOptionNames, type SizeOptions, sizesAsked, type ThreadOptions } from '../open-options.js';
import { harmless } from '../text.js';
import { type Define, examples, JSON_OPTION, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

type Options = SizeOptions & ThreadOptions & { readonly json?: true };

export const define: Define = (command, context) => {
  addOpenOptions(
    command
      .description(
        'Say what a plan will do: who waits for whom, who holds the ingress back, how records lie in memory, and every ' +
          'byte that will be mapped. The options are those of `run`, because sizes and threads decide about memory.',
      )
      .argument(...PLAN_ARGUMENT)
      .option(...JSON_OPTION),
  )
    .addHelpText(
      'after',
      examples([
        ['byteor describe plan.yaml', 'a drawing, the stages, the memory'],
        ['byteor describe plan.yaml --record-max 32MiB', 'with room for longer records'],
        ['byteor describe --json plan.yaml', 'the same facts for programs'],
      ]),
    )
    .action(context.ends((path: string, options: Options) => describe(path, options, context)));
};

async function describe(path: string, options: Options, context: VerbContext): Promise<ExitCode> {
  const json = options.json === true;
  const plan = await loadPlan(path, json, context);
  if (plan === undefined) return ExitCode.PlanErrors;
  const description = describeChecked(plan, options);
  if (json) context.out.json(description);
  else context.out.line(harmless(describeText(description)));
  return ExitCode.Done;
}

function describeChecked(plan: CheckedPlan, options: Options) {
  const { threads } = options;
  try {
    return describePlan(plan, { sizes: sizesAsked(options), ...(threads === undefined ? {} : { threads }) });
  } catch (error) {
    if (error instanceof RangeError) throw usageError(inOptionNames(error.message), undefined);
    throw error;
  }
}
