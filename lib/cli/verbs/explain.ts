/** `byteor explain`: what a diagnostic code means and what to do. Needs no addon. */
import { nearest } from '../../plan/words.js';
import { CODE_GROUPS, CODES, explain, isDiagnosticCode } from '../../validate/codes.js';
import { ExitCode, usageError } from '../exit-code.js';
import { table } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

interface Options {
  readonly json?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Explain a diagnostic code: the rule, why there is one, an example, and what to do. Without a code, list all.',
    )
    .argument('[code]', 'a code as `validate` prints it; case does not matter')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['byteor explain', 'every code on one line'],
        ['byteor explain RING_DEPENDS_SELF', 'one of them'],
      ]),
    )
    .action(context.ends(async (code: string | undefined, options: Options) => print(code, options, context)));
};

function print(code: string | undefined, options: Options, { out }: VerbContext): ExitCode {
  if (code === undefined) {
    if (options.json === true) out.json(Object.entries(CODES).map(([name, entry]) => ({ code: name, ...entry })));
    else out.line(codeList(out.colors.bold));
    return ExitCode.Done;
  }
  const name = code.toUpperCase();
  const text = explain(name);
  if (text === undefined || !isDiagnosticCode(name)) {
    const near = nearest(name, Object.keys(CODES));
    throw usageError(
      `There is no diagnostic code ${JSON.stringify(code)}.`,
      near === undefined ? '`byteor explain` lists them all.' : `(Did you mean ${near}?)`,
    );
  }
  if (options.json === true) out.json({ code: name, ...CODES[name] });
  else out.line(text.trimEnd());
  return ExitCode.Done;
}

function codeList(title: (text: string) => string): string {
  const groups = Object.entries(CODE_GROUPS).map(([name, codes]) => {
    const rows = Object.entries(codes).map(([code, entry]) => [code, entry.severity, entry.title]);
    return [title(name), ...table(rows).map((line) => `  ${line}`)].join('\n');
  });
  return groups.join('\n\n');
}
