/** `byteor schema`: the JSON Schema of plans, and of files of ends, for editors. Needs no addon. */
import { endsJsonSchema } from '../../adapter/config-schema.js';
import { planJsonSchema } from '../../plan/json-schema.js';
import { ExitCode } from '../exit-code.js';
import { type Define, examples } from '../verb.js';

export const define: Define = (command, context) => {
  command
    .description(
      'Print the JSON Schema of plans, so that an editor completes and checks them while you type. It knows words and ' +
        'types; rules about several places of a plan are checked by `validate`.',
    )
    .option('--ends', 'of the file that `run --ends` reads, instead of plans')
    .option('--json', 'the output is always JSON')
    .addHelpText(
      'after',
      `${examples([
        ['byteor schema > byteor-plan.schema.json', 'for the settings of your editor'],
        ['byteor schema --ends > byteor-ends.schema.json', 'the same for files of ends'],
      ])}
In a YAML plan, the first line makes most editors use it:
  # yaml-language-server: $schema=byteor-plan.schema.json
`,
    )
    .action(
      context.ends(async ({ ends }: { readonly ends?: true }) => {
        context.out.json(ends === true ? endsJsonSchema() : planJsonSchema());
        return ExitCode.Done;
      }),
    );
};
