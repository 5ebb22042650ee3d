/** `byteor schema`: the JSON Schema of plans, for editors. Needs no addon. */
import { planJsonSchema } from '../../plan/json-schema.js';
import { ExitCode } from '../exit-code.js';
import { type Define, examples } from '../verb.js';

export const define: Define = (command, context) => {
  command
    .description(
      'Print the JSON Schema of plans, so that an editor completes and checks them while you type. It knows words and ' +
        'types; rules about several places of a plan are checked by `validate`.',
    )
    .option('--json', 'the output is always JSON')
    .addHelpText(
      'after',
      `${examples([['byteor schema > byteor-plan.schema.json', 'for the settings of your editor']])}
In a YAML plan, the first line makes most editors use it:
  # yaml-language-server: $schema=byteor-plan.schema.json
`,
    )
    .action(
      context.ends(async () => {
        context.out.json(planJsonSchema());
        return ExitCode.Done;
      }),
    );
};
