/**
 * What is constant, computed before a record is seen. What would be an error is left as it is: it may stand where nothing reaches it.
 * Only what is worth it and has one meaning: members of constants, lists and maps of constants, whole numbers, texts, logic. Pure.
 */
import { type Expr, type ListEntry, memberPath } from './tree.js';
import { CelMap, type CelValue } from './values.js';

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

const literal = (expr: Expr, value: CelValue): Expr => ({
  kind: 'literal',
  start: expr.start,
  end: expr.end,
  type: expr.type,
  value,
});

/** A member of a constant map by a key that is a text. */
function memberOf(value: CelValue, name: CelValue): CelValue | undefined {
  if (!(value instanceof CelMap)) return undefined;
  return value.entries.find(([key]) => key === name)?.[1];
}

function wholeNumbers(op: string, left: bigint, right: bigint): bigint | undefined {
  const result = { '+': left + right, '-': left - right, '*': left * right }[op];
  return result === undefined || result < INT_MIN || result > INT_MAX ? undefined : result;
}

function foldBinary(expr: Expr & { kind: 'binary' }): Expr {
  const left = fold(expr.left);
  const right = fold(expr.right);
  const same = { ...expr, left, right };
  if (left.kind !== 'literal' || right.kind !== 'literal') return same;
  if (typeof left.value === 'bigint' && typeof right.value === 'bigint') {
    const result = wholeNumbers(expr.op, left.value, right.value);
    return result === undefined ? same : literal(expr, result);
  }
  if (typeof left.value === 'string' && typeof right.value === 'string' && expr.op === '+')
    return literal(expr, left.value + right.value);
  return same;
}

/** Of `&&` the neutral value is true, and the other decides; of `||` false. */
function foldLogic(expr: Expr & { kind: 'and' | 'or' }): Expr {
  const left = fold(expr.left);
  const right = fold(expr.right);
  const decides = expr.kind === 'or';
  for (const side of [left, right])
    if (side.kind === 'literal' && side.value === decides) return literal(expr, decides);
  // The neutral side alone leaves the other, if that is known to be bool.
  if (left.kind === 'literal' && left.value === !decides && right.type === 'bool') return right;
  if (right.kind === 'literal' && right.value === !decides && left.type === 'bool') return left;
  return { ...expr, left, right };
}

function foldEntries<Entry extends ListEntry>(entries: readonly Entry[]): readonly Entry[] {
  return entries.map((entry) => ({ ...entry, value: fold(entry.value) }));
}

function foldList(expr: Expr & { kind: 'list' }): Expr {
  const entries = foldEntries(expr.entries);
  const values = entries.flatMap(({ value, optional }) => (value.kind === 'literal' && !optional ? [value.value] : []));
  return values.length === entries.length ? literal(expr, values) : { ...expr, entries };
}

function foldMap(expr: Expr & { kind: 'map' }): Expr {
  const entries = foldEntries(expr.entries).map((entry) => ({ ...entry, key: fold(entry.key) }));
  const pairs = entries.flatMap(({ key, value, optional }): (readonly [CelValue, CelValue])[] =>
    key.kind === 'literal' && value.kind === 'literal' && typeof key.value === 'string' && !optional
      ? [[key.value, value.value]]
      : [],
  );
  // A key that is there twice is an error, which stays for when it is reached.
  const isConstant = pairs.length === entries.length && new Set(pairs.map(([key]) => key)).size === pairs.length;
  return isConstant ? literal(expr, new CelMap(pairs)) : { ...expr, entries };
}

function foldSelect(expr: Expr & { kind: 'select' }): Expr {
  if (memberPath(expr) !== undefined) return expr;
  const of = fold(expr.of);
  const member = of.kind === 'literal' && !expr.optional ? memberOf(of.value, expr.name) : undefined;
  return member === undefined ? { ...expr, of } : literal(expr, member);
}

function foldIndex(expr: Expr & { kind: 'index' }): Expr {
  const of = fold(expr.of);
  const key = fold(expr.key);
  const member =
    of.kind === 'literal' && key.kind === 'literal' && !expr.optional && typeof key.value === 'string'
      ? memberOf(of.value, key.value)
      : undefined;
  return member === undefined ? { ...expr, of, key } : literal(expr, member);
}

/** The same expression with what is constant computed. */
export function fold(expr: Expr): Expr {
  switch (expr.kind) {
    case 'literal':
    case 'local':
    case 'record':
    case 'failure':
      return expr;
    case 'select':
      return foldSelect(expr);
    case 'index':
      return foldIndex(expr);
    case 'call':
      return { ...expr, args: expr.args.map(fold) };
    case 'binary':
      return foldBinary(expr);
    case 'and':
    case 'or':
      return foldLogic(expr);
    case 'list':
      return foldList(expr);
    case 'map':
      return foldMap(expr);
    case 'orElse':
      return { ...expr, left: fold(expr.left), right: fold(expr.right) };
    case 'choose': {
      const test = fold(expr.test);
      const [ifTrue, ifFalse] = [fold(expr.ifTrue), fold(expr.ifFalse)];
      if (test.kind === 'literal' && typeof test.value === 'boolean') return test.value ? ifTrue : ifFalse;
      return { ...expr, test, ifTrue, ifFalse };
    }
    case 'loop': {
      const filter = expr.filter === undefined ? undefined : fold(expr.filter);
      return { ...expr, over: fold(expr.over), filter, body: fold(expr.body) };
    }
    case 'bind':
      return { ...expr, value: fold(expr.value), body: fold(expr.body) };
    case 'optMap':
      return { ...expr, of: fold(expr.of), body: fold(expr.body) };
    case 'not': {
      const of = fold(expr.of);
      return of.kind === 'literal' && typeof of.value === 'boolean' ? literal(expr, !of.value) : { ...expr, of };
    }
    case 'negate': {
      const of = fold(expr.of);
      if (of.kind === 'literal' && typeof of.value === 'number') return literal(expr, -of.value);
      return { ...expr, of };
    }
    default:
      return { ...expr, of: fold(expr.of) };
  }
}
