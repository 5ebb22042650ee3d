/** `byteor view`: a plan of either target as a line of stages or as a topology, or rewritten as a graph. Needs no addon. */
import { Option } from 'commander';
import { stringify } from 'yaml';
import type { CheckedPlan, LaneGraphPlan } from '../../plan/document.js';
import { asLaneGraph, NoLaneGraphError } from '../../view/as-lane-graph.js';
import { viewAsGraph, viewAsRing } from '../../view/canvas.js';
import { canvasText } from '../../view/canvas-text.js';
import { ExitCode, usageError } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { harmless } from '../text.js';
import { type Define, examples, JSON_OPTION, PLAN_ARGUMENT, type VerbContext } from '../verb.js';

interface Options {
  readonly as: 'ring' | 'graph';
  readonly rewrite?: true;
  readonly json?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Show a plan of either target as a line of stages with dependency lists (ring) or as a topology of nodes and ' +
        'connections (graph). The plan stays what it is, and so does its id.',
    )
    .argument(...PLAN_ARGUMENT)
    .addOption(new Option('--as <model>', 'the form to show it in').choices(['ring', 'graph']).makeOptionMandatory())
    .option('--rewrite', 'with --as graph: print the LaneGraph plan that does the same as a SingleRing chain')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['byteor view plan.yaml --as ring', 'stages in order, each with what it depends on'],
        ['byteor view --json plan.yaml --as graph', 'nodes with places, and edges, for an editor'],
        ['byteor view chain.yaml --as graph --rewrite > graph.yaml', 'another plan, for target LaneGraph'],
      ]),
    )
    .action(context.ends((path: string, options: Options) => view(path, options, context)));
};

async function view(path: string, options: Options, context: VerbContext): Promise<ExitCode> {
  const json = options.json === true;
  if (options.rewrite === true && options.as !== 'graph')
    throw usageError('--rewrite prints a LaneGraph plan and needs --as graph.');
  const plan = await loadPlan(path, json, context);
  if (plan === undefined) return ExitCode.PlanErrors;
  if (options.rewrite === true) {
    const document = rewritten(plan);
    if (json) context.out.json(document);
    else context.out.write(stringify(document));
    return ExitCode.Done;
  }
  const canvas = options.as === 'ring' ? viewAsRing(plan) : viewAsGraph(plan);
  if (json) context.out.json(canvas);
  else context.out.line(harmless(canvasText(canvas)));
  return ExitCode.Done;
}

function rewritten(plan: CheckedPlan): LaneGraphPlan {
  try {
    return asLaneGraph(plan);
  } catch (error) {
    if (!(error instanceof NoLaneGraphError)) throw error;
    const { message } = error;
    throw usageError(`${message[0]?.toUpperCase()}${message.slice(1)}.`);
  }
}
