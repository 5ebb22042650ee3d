/**
 * Two passes over a checked tree about records of JSON: arithmetic on members whose type is not known is refused, and members that may
 * be absent where nothing guards them are noted. Pure; any thread.
 */
import { ExpressionError, type ExpressionNote } from './source.js';
import { childrenOf, type Expr, memberPath } from './tree.js';

const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);

/** What a side may be without a word about it: text, bytes, lists and times have one meaning each. */
const isPlainlyTyped = (type: string): boolean => /^(string|bytes|list|map|google)/.test(type);

/** A node of a type that is not known and that no `dyn()` states. */
const isUnknown = (expr: Expr): boolean => expr.type === 'dyn' && expr.kind !== 'dyn' && expr.kind !== 'literal';

/** @param other the type of the side beside it: two numbers of different types have no arithmetic */
function refuse(side: Expr, whole: Expr, text: string, other: string): never {
  const shown = text.slice(side.start, side.end);
  const convert = other === 'int' || other === 'uint' ? other : 'double';
  const spelled = `${text.slice(whole.start, side.start)}${convert}(${shown})${text.slice(side.end, whole.end)}`;
  throw new ExpressionError(
    `the type of the number ${shown} is not known before a record is seen; say which: ${spelled}`,
    side.start,
    side.end,
  );
}

/** @throws ExpressionError at an operand of arithmetic whose type is not known */
export function refuseUnknownArithmetic(expr: Expr, text: string): void {
  if (expr.kind === 'negate' && isUnknown(expr.of)) refuse(expr.of, expr, text, 'dyn');
  if (expr.kind === 'binary' && ARITHMETIC.has(expr.op)) {
    const { left, right } = expr;
    if (isUnknown(left) && !isPlainlyTyped(right.type)) refuse(left, expr, text, right.type);
    if (isUnknown(right) && !isPlainlyTyped(left.type)) refuse(right, expr, text, left.type);
  }
  for (const child of childrenOf(expr)) refuseUnknownArithmetic(child, text);
}

type Guards = ReadonlySet<string>;

const NONE: Guards = new Set();
const both = (left: Guards, right: Guards): Guards => new Set([...left, ...right]);

/** Members that are there when a condition is true. */
function guardsOf(expr: Expr): Guards {
  if (expr.kind === 'has') {
    const path = memberPath(expr.of);
    return path === undefined ? NONE : new Set([JSON.stringify([...path, expr.name])]);
  }
  if (expr.kind === 'and') return both(guardsOf(expr.left), guardsOf(expr.right));
  if (expr.kind === 'not') return guardsAgainst(expr.of);
  // "a-b" in record
  if (expr.kind === 'binary' && expr.op === 'in' && expr.left.kind === 'literal') {
    const path = memberPath(expr.right);
    if (path !== undefined && typeof expr.left.value === 'string')
      return new Set([JSON.stringify([...path, expr.left.value])]);
  }
  return NONE;
}

/** Members that are there when a condition is false. */
function guardsAgainst(expr: Expr): Guards {
  if (expr.kind === 'not') return guardsOf(expr.of);
  return expr.kind === 'or' ? both(guardsAgainst(expr.left), guardsAgainst(expr.right)) : NONE;
}

class WarningPass {
  readonly notes: ExpressionNote[] = [];

  visit(expr: Expr, guards: Guards): void {
    switch (expr.kind) {
      case 'and':
        this.visit(expr.left, guards);
        this.visit(expr.right, both(guards, guardsOf(expr.left)));
        return;
      case 'or':
        this.visit(expr.left, guards);
        this.visit(expr.right, both(guards, guardsAgainst(expr.left)));
        return;
      case 'choose':
        this.visit(expr.test, guards);
        this.visit(expr.ifTrue, both(guards, guardsOf(expr.test)));
        this.visit(expr.ifFalse, both(guards, guardsAgainst(expr.test)));
        return;
      case 'has':
        this.visit(expr.of, guards);
        return;
      case 'select':
        this.#select(expr, guards);
        return;
      default:
        for (const child of childrenOf(expr)) this.visit(child, guards);
    }
  }

  /** The members on the way are said once, at the first that nothing guards. */
  #select(expr: Expr & { kind: 'select' }, guards: Guards): void {
    if (expr.optional || expr.chained) {
      this.visit(expr.of, guards);
      return;
    }
    const path = memberPath(expr);
    if (path === undefined) {
      this.visit(expr.of, guards);
      return;
    }
    if (expr.of.kind === 'select' && !guards.has(JSON.stringify(path.slice(0, -1)))) {
      this.#select(expr.of, guards);
      return;
    }
    if (guards.has(JSON.stringify(path))) return;
    const name = `record.${path.join('.')}`;
    this.notes.push({
      message: `${name} may be absent, and then the record fails; write has(${name}) && …, or record.?${path.join('.?')}.orValue(…)`,
      start: expr.start,
      end: expr.end,
    });
  }
}

/** Members that may be absent where nothing guards them. */
export function findWarnings(expr: Expr): ExpressionNote[] {
  const pass = new WarningPass();
  pass.visit(expr, NONE);
  return pass.notes;
}
