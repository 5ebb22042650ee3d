/** `byteor diff`: what differs between two plans, in the author's names. Needs no addon. */
import { diffPlans } from '../../version/diff.js';
import { diffText } from '../../version/diff-text.js';
import { ExitCode } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import type { Colors } from '../terminal.js';
import { harmless } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

interface Options {
  readonly json?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Say what differs between two plans: stages and boundaries that were added, removed or changed, by name. Comments, the ' +
        'order of keys and catalogs, JSON or YAML, and defaults written out make no difference. Exits with 0 either way.',
    )
    .argument('<before>', 'plan file, or - for standard input')
    .argument('<after>', 'plan file, or - for standard input')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['byteor diff old.yaml new.yaml', '+ added, - removed, ~ changed'],
        ['git show HEAD:plan.yaml | byteor diff - plan.yaml', 'against the last commit'],
        ['byteor diff --json a.yaml b.yaml', '{ "same", "before", "after", "changes" }'],
      ]),
    )
    .action(
      context.ends((before: string, after: string, options: Options) =>
        comparePlans(before, after, options.json === true, context),
      ),
    );
};

async function comparePlans(before: string, after: string, json: boolean, context: VerbContext): Promise<ExitCode> {
  const left = await loadPlan(before, json, context);
  const right = await loadPlan(after, json && left !== undefined, context);
  if (left === undefined || right === undefined) return ExitCode.PlanErrors;
  const diff = diffPlans(left, right);
  if (json) context.out.json(diff);
  else
    context.out.line(
      diffText(diff)
        .split('\n')
        .map((line) => painted(line, context.out.colors))
        .join('\n'),
    );
  return ExitCode.Done;
}

function painted(text: string, colors: Colors): string {
  const line = harmless(text);
  if (line.startsWith('+ ')) return colors.green(line);
  if (line.startsWith('- ')) return colors.red(line);
  return line.startsWith('~ ') ? colors.yellow(line) : line;
}
