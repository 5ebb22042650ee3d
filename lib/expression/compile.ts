/**
 * Texts → one program: parsed, checked, folded, lowered, with what a user is told about each. The form of a program is
 * lib/abi/expression.ts. Pure; any thread.
 */
import { boundsOf } from './bounds.js';
import { fold } from './fold.js';
import { findWarnings, refuseUnknownArithmetic } from './guards.js';
import { Lowering } from './lower.js';
import { type ExpressionContext, parseExpression } from './parse.js';
import { type ProgramBounds, ProgramBuilder } from './program.js';
import { ExpressionError, type ExpressionNote } from './source.js';
import type { Expr } from './tree.js';

export interface CompileOptions extends ExpressionContext {
  /** Bytes that a record may have at most; the bounds of steps and memory follow from it. Default: 1 MiB. */
  readonly recordBytes?: number;
  /** Whether what is constant is computed now. Default: true. */
  readonly fold?: boolean;
  /** What the expression must give; `dyn` passes, as it is known only when it runs. */
  readonly result?: readonly string[];
}

/** A program of one entry per text. */
export interface CompiledExpression {
  readonly ok: true;
  readonly bytes: Uint8Array;
  readonly types: readonly string[];
  /** By entry: members that may be absent where nothing guards them. */
  readonly warnings: readonly (readonly ExpressionNote[])[];
  readonly bounds: ProgramBounds;
  readonly program: ProgramBuilder;
}

/** The first error, and of which text. */
export interface RefusedExpression extends ExpressionNote {
  readonly ok: false;
  readonly entry: number;
}

const RECORD_BYTES = 1_048_576;
const RECORD_NAMES = { json: 'Json', struct: 'Struct', utf8: 'Utf8', bytes: 'Bytes' } as const;

function checkResult(tree: Expr, type: string, result: readonly string[] | undefined): void {
  if (result === undefined || type === 'dyn' || result.includes(type)) return;
  throw new ExpressionError(
    `the expression gives ${type}, and ${result.join(' or ')} is needed here; compare it, such as … == "x" or … > 0`,
    tree.start,
    tree.end,
  );
}

/**
 * Compiles texts into one program; bounded in time and memory for every text.
 *
 * @returns the program, or the first error with its place
 */
export function compileExpressions(
  texts: readonly string[],
  options: CompileOptions,
): CompiledExpression | RefusedExpression {
  const program = new ProgramBuilder(RECORD_NAMES[options.record.kind]);
  const lowering = new Lowering(program, options.record.kind === 'struct' ? options.record.fields : []);
  const trees: Expr[] = [];
  const types: string[] = [];
  const warnings: ExpressionNote[][] = [];
  for (const [entry, text] of texts.entries()) {
    try {
      const { tree, type } = parseExpression(text, options);
      checkResult(tree, type, options.result);
      if (options.unchecked !== true && options.record.kind === 'json') refuseUnknownArithmetic(tree, text);
      warnings.push(options.record.kind === 'json' ? findWarnings(tree) : []);
      const folded = options.fold === false ? tree : fold(tree);
      lowering.entry(folded);
      trees.push(folded);
      types.push(type);
    } catch (error) {
      if (error instanceof ExpressionError)
        return { ok: false, entry, message: error.message, start: error.start, end: error.end };
      throw error;
    }
  }
  const bounds = boundsOf(trees, options.recordBytes ?? RECORD_BYTES);
  return { ok: true, bytes: program.encode(bounds), types, warnings, bounds, program };
}
