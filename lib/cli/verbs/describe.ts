/** `byteor describe`: what a plan will do, and every byte that it will map. Needs no addon. */
import { availableParallelism } from 'node:os';
import { describeText } from '../../describe/describe-text.js';
import type { PlacedThread } from '../../layout/placement.js';
import { compile } from '../../version/version.js';
import { describeAsked, placementOf } from '../describe-asked.js';
import { ExitCode } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { addOpenOptions, type SizeOptions, type ThreadOptions } from '../open-options.js';
import { RELEASE_FEATURES } from '../release.js';
import { agentWords } from '../run/summary.js';
import { addStageOptions, type StageOptions } from '../stage-options.js';
import { knownStages } from '../stages-asked.js';
import { counted, harmless, indent, table } from '../text.js';
import { type Define, examples, JSON_OPTION, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

type Options = SizeOptions & ThreadOptions & StageOptions & { readonly json?: true };

export const define: Define = (command, context) => {
  addOpenOptions(
    addStageOptions(command)
      .description(
        'Say what a plan will do: which stage waits for which, what holds the ingress back, how records lie in memory, and ' +
          'every byte that will be mapped. The options are those of `run`, because sizes and threads decide the memory.',
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
  const version = compile(plan, { features: RELEASE_FEATURES });
  const placement = placementOf(version, options.threads, availableParallelism());
  const description = describeAsked(version, options, placement.length, knownStages(plan, options));
  if (json) context.out.json({ ...description, placement });
  else context.out.line(harmless([describeText(description), ...placementText(placement, options)].join('\n')));
  return ExitCode.Done;
}

function placementText(placement: readonly PlacedThread[], { threads }: Options): string[] {
  const cpus = availableParallelism();
  const reason = threads === undefined ? `as for files, with ${counted(cpus, 'CPU')}` : 'as asked for, with files';
  const rows = placement.map(({ agents }, thread) => [String(thread), agentWords(agents.map(({ id }) => id))]);
  return ['', `threads (${reason})`, ...indent(table(rows, [0]))];
}
