/**
 * Text → checked tree: bounds before the library sees the text, its parser and checker, and its errors in plain words with columns of
 * the text. Pure; any thread.
 */
import { EXPRESSION_BYTES_MAX } from '../plan/limits.js';
import { AST_NODES_MAX, environmentOf, type RecordShape, typeOfConstant } from './environment.js';
import type { LibraryFault, LibraryNode } from './library-node.js';
import { ExpressionError, prepareSource } from './source.js';
import { Translator } from './translate.js';
import type { Expr } from './tree.js';
import { prepareTree } from './typing.js';
import type { CelValue } from './values.js';

/** What an expression is about, and how it is read. */
export interface ExpressionContext {
  readonly record: RecordShape;
  /** Constants by name: `config` of `with`. */
  readonly constants?: ReadonlyMap<string, CelValue>;
  /** Without the check what is not known is an error when it is reached, as CEL has it for unchecked expressions. */
  readonly unchecked?: boolean;
}

/** A tree, and the type of what it gives. */
export interface ParsedExpression {
  readonly tree: Expr;
  readonly type: string;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** What an error of the library says, in this project's words, with what to do. */
function wordsOf(fault: LibraryFault, context: ExpressionContext): string {
  // The library calls the type of a record of fields by a name of its own.
  const said = fault.summary.replaceAll(/\$(record|config)\b/g, '$1');
  switch (fault.code) {
    case 'unknown_variable':
      return `${said}; known here: ${['record', ...(context.constants?.keys() ?? [])].join(', ')}`;
    case 'no_such_key':
      if (context.record.kind === 'struct')
        return `${said}; the record has ${quoted(context.record.fields.map((field) => field.name))}`;
      return `${said}; see what the record or config has`;
    case 'no_such_overload':
    case 'no_matching_overload':
      return `${said}; convert one side, with int(), uint(), double() or string()`;
    case 'limit_exceeded':
      return `${said}: the expression is too large; split it over several stages (at most ${AST_NODES_MAX} parts)`;
    case 'unexpected_token':
    case 'expected_token':
    case 'unexpected_character':
      return `${said}; this is no expression of CEL`;
    default:
      return said;
  }
}

function asExpressionError(error: unknown, text: string, context: ExpressionContext): ExpressionError {
  if (error instanceof ExpressionError) return error;
  if (error instanceof RangeError)
    return new ExpressionError(
      'the expression is nested too deeply, or one operator is repeated too often; split it over several stages',
      0,
      text.length,
    );
  const fault = error as LibraryFault;
  if (typeof fault.code !== 'string' || typeof fault.summary !== 'string') throw error;
  const range = fault.range ?? fault.node ?? { start: 0, end: text.length };
  const start = Math.min(range.start, text.length);
  return new ExpressionError(wordsOf(fault, context), start, Math.max(start, Math.min(range.end, text.length)));
}

function checkBounds(text: string): void {
  // A UTF-16 unit is at least one byte: the encoder never sees a text that is far too long.
  const bytes = text.length > EXPRESSION_BYTES_MAX ? text.length : new TextEncoder().encode(text).length;
  if (bytes > EXPRESSION_BYTES_MAX)
    throw new ExpressionError(
      `the expression has ${bytes} bytes or more, and ${EXPRESSION_BYTES_MAX} are allowed; split it over several stages`,
      0,
      text.length,
    );
}

/** The checker has errors without a place where several of its overloads fit. */
function knownError(error: unknown, text: string): unknown {
  if (error instanceof RangeError || typeof (error as LibraryFault).code === 'string') return error;
  return new ExpressionError(
    'the types in the expression are ambiguous; say which with int(), uint(), double() or string()',
    0,
    text.length,
  );
}

const typesOf = (constants: ReadonlyMap<string, CelValue>): Map<string, string> =>
  new Map([...constants].map(([name, value]) => [name, typeOfConstant(value)] as const));

function parseChecked(text: string, context: ExpressionContext): ParsedExpression {
  const source = prepareSource(text);
  const constants = context.constants ?? new Map<string, CelValue>();
  const parsed = environmentOf(context.record, constants).parse(source.text);
  const root = parsed.ast as unknown as LibraryNode;
  const optionalEntries = prepareTree(root, source, typesOf(constants));
  const checked = context.unchecked !== true;
  if (checked) {
    const result = parsed.check();
    if (!result.valid) throw knownError(result.error, text);
  }
  const tree = new Translator({ constants, optionalEntries, text, checked }).translate(root);
  return { tree, type: tree.type };
}

/** Parses and checks a text. @throws ExpressionError with the place in the text */
export function parseExpression(text: string, context: ExpressionContext): ParsedExpression {
  try {
    checkBounds(text);
    return parseChecked(text, context);
  } catch (error) {
    throw asExpressionError(error, text, context);
  }
}
