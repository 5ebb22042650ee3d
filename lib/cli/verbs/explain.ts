/** `byteor explain`: what a code of a diagnostic or an error, or a rule of insertion, means and what to do. Needs no addon. */

import { ERROR_CODE_GROUPS, ERROR_CODES, type ErrorCode, isErrorCode } from '../../abi/error-codes.js';
import { explainRule, INSERT_RULES, isInsertRule } from '../../lower/graph-rules.js';
import { nearest } from '../../plan/words.js';
import { CODE_GROUPS, CODES, explain, isDiagnosticCode } from '../../validate/codes.js';
import { ExitCode, usageError } from '../exit-code.js';
import { type ExpressionOptions, explainExpression } from '../explain-expression.js';
import { table } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

interface Options extends Partial<ExpressionOptions> {
  readonly json?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Explain a diagnostic code, an insertion rule of the compiler or the code of a run-time error: what it says and ' +
        'what to do. Without a name, list all of them. With --expr, an expression: its type, its program and its bounds.',
    )
    .argument('[code]', 'a code as `validate` prints it or an error has it, or a rule; case does not matter')
    .option('--expr <expr>', 'an expression of CEL, as a plan has it')
    .option('--record <text>', 'with --expr: a record, whose value is printed; of a struct, as JSON')
    .option('--codec <codec>', 'with --expr: what the record is: json (default), utf8, bytes, or a codec in JSON')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['byteor explain', 'every code and rule on one line'],
        ['byteor explain RING_DEPENDS_SELF', 'one of the codes'],
        ['byteor explain MERGE_FAN_IN', 'one of the rules'],
        ['byteor explain JOURNAL_LOCKED', 'the code of an error'],
        [`byteor explain --expr 'record.a > 1' --record '{"a":2}'`, 'an expression, and its value'],
      ]),
    )
    .action(context.ends(async (code: string | undefined, options: Options) => print(code, options, context)));
};

const codeFacts = () => Object.entries(CODES).map(([code, entry]) => ({ code, ...entry }));
const ruleFacts = () => Object.entries(INSERT_RULES).map(([rule, entry]) => ({ rule, ...entry }));
const errorFacts = () => (Object.keys(ERROR_CODES) as ErrorCode[]).map(factsOfError);

function factsOfError(code: ErrorCode): object {
  const { error, title, remedy, page } = ERROR_CODES[code];
  return { code, error, title, remedy, page };
}

/** Undefined where no error has such a code. */
function explainError(code: string): string | undefined {
  if (!isErrorCode(code)) return undefined;
  const { error, title, remedy, page } = ERROR_CODES[code];
  return `${code} (${error}): ${title}\n\nWhat to do: ${remedy}\n\nMore: ${page}\n`;
}

function print(code: string | undefined, options: Options, context: VerbContext): ExitCode {
  const { expr } = options;
  if (expr !== undefined) {
    if (code !== undefined) throw usageError('Either a code or --expr, not both.', 'Leave one of them out.');
    return explainExpression({ ...options, expr }, context);
  }
  if (options.record !== undefined || options.codec !== undefined)
    throw usageError('--record and --codec are of an expression.', 'Add --expr EXPR.');
  const { out } = context;
  if (code === undefined) {
    if (options.json === true) out.json([...codeFacts(), ...ruleFacts(), ...errorFacts()]);
    else out.line(codeList(out.colors.bold));
    return ExitCode.Done;
  }
  const name = code.toUpperCase();
  const text = explain(name) ?? explainRule(name) ?? explainError(name);
  if (text === undefined) throw unknownName(code, name);
  if (options.json === true) out.json(factsOf(name));
  else out.line(text.trimEnd());
  return ExitCode.Done;
}

function factsOf(name: string): object {
  if (isDiagnosticCode(name)) return { code: name, ...CODES[name] };
  return isInsertRule(name) ? { rule: name, ...INSERT_RULES[name] } : factsOfError(name as ErrorCode);
}

function unknownName(code: string, name: string) {
  const near = nearest(name, [...Object.keys(CODES), ...Object.keys(INSERT_RULES), ...Object.keys(ERROR_CODES)]);
  return usageError(
    `${JSON.stringify(code)} is not a diagnostic code, an insertion rule or the code of an error.`,
    near === undefined ? '`byteor explain` lists them all.' : `(Did you mean ${near}?)`,
  );
}

function codeList(title: (text: string) => string): string {
  const groups = Object.entries(CODE_GROUPS).map(([name, codes]) =>
    group(
      title(name),
      Object.entries(codes).map(([code, { severity, title: words }]) => [code, severity, words]),
    ),
  );
  const rules = Object.entries(INSERT_RULES).map(([rule, { kind, title: words }]) => [rule, kind, words]);
  const errors = Object.entries(ERROR_CODE_GROUPS).map(([name, codes]) =>
    group(
      title(name),
      Object.entries(codes).map(([code, { error, title: words }]) => [code, error, words]),
    ),
  );
  return [...groups, group(title('What the compiler inserts'), rules), ...errors].join('\n\n');
}

const group = (title: string, rows: readonly (readonly string[])[]): string =>
  [title, ...table(rows).map((line) => `  ${line}`)].join('\n');
