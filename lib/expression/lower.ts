/**
 * Tree → instructions. Each node is lowered into a register that is told; temporaries are a stack of registers above it, so that what
 * an instruction takes in a row stands in a row. Macros are lowered by lower-loops.ts. Pure; any thread.
 */
import { exprFunctions } from '../abi/expression.js';
import type { FieldLayout } from '../plan/codec-layout.js';
import { fieldCode } from '../plan/field-code.js';
import { lowerLoop } from './lower-loops.js';
import { compilePattern } from './pattern.js';
import type { ExprOp, ProgramBuilder } from './program.js';
import { ExpressionError } from './source.js';
import { type BinaryOperator, type Expr, memberPath } from './tree.js';
import type { CelValue } from './values.js';

const BINARY: Readonly<Record<BinaryOperator, ExprOp>> = {
  '==': 'Equal',
  '!=': 'NotEqual',
  '<': 'Less',
  '<=': 'LessEqual',
  '>': 'Greater',
  '>=': 'GreaterEqual',
  '+': 'Add',
  '-': 'Subtract',
  '*': 'Multiply',
  '/': 'Divide',
  '%': 'Modulo',
  in: 'In',
};

/** Compares that have a form with a constant. */
const FUSED: Readonly<Partial<Record<BinaryOperator, ExprOp>>> = {
  '==': 'EqualConstant',
  '!=': 'NotEqualConstant',
  '<': 'LessConstant',
  '<=': 'LessEqualConstant',
  '>': 'GreaterConstant',
  '>=': 'GreaterEqualConstant',
};

const MIRRORED: Readonly<Partial<Record<BinaryOperator, BinaryOperator>>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** A literal list or map past this many entries is built entry by entry, not of registers in a row. */
const IN_REGISTERS_MAX = 16;

export class Lowering {
  /** The first register that is free. */
  #top = 0;
  readonly #locals: (readonly [name: string, register: number])[] = [];
  readonly #fields: ReadonlyMap<string, FieldLayout>;

  constructor(
    readonly program: ProgramBuilder,
    fields: readonly FieldLayout[] = [],
  ) {
    this.#fields = new Map(fields.map((field) => [field.name, field]));
  }

  /** Lowers an expression as one more entry of the program. */
  entry(expr: Expr): void {
    this.program.entries.push(this.program.instructions.length);
    this.#top = 0;
    const result = this.take(1, expr);
    this.into(expr, result);
    this.emit('Return', 0, result, 0, expr);
  }

  /** Registers in a row that nothing else uses until `release`. */
  take(count: number, place: Expr): number {
    const first = this.#top;
    this.#top += count;
    this.program.useRegisters(this.#top, place);
    return first;
  }

  /** Frees every register from `first` on. */
  release(first: number): void {
    this.#top = first;
  }

  emit(op: ExprOp, dst: number, a: number, b: number, place: Expr): number {
    return this.program.emit(op, dst, a, b, place);
  }

  /** The index of the next instruction. */
  get here(): number {
    return this.program.instructions.length;
  }

  /** Has a jump go to the next instruction. */
  land(jump: number): void {
    const instruction = this.program.instructions[jump];
    if (instruction !== undefined) instruction.b = this.here;
  }

  within(names: readonly string[], first: number, run: () => void): void {
    for (const [at, name] of names.entries()) this.#locals.push([name, first + at]);
    run();
    this.#locals.length -= names.length;
  }

  /** The register that holds a node's value: a variable's own, or a new one. */
  operand(expr: Expr): number {
    if (expr.kind === 'local') return this.#register(expr.name);
    const register = this.take(1, expr);
    this.into(expr, register);
    return register;
  }

  #register(name: string): number {
    return this.#locals.findLast(([known]) => known === name)?.[1] ?? 0;
  }

  constant(value: CelValue): number {
    return this.program.constant(value);
  }

  /** Lowers a node so that its value, or its error, stands in `dst`. Temporaries are free again afterwards. */
  into(expr: Expr, dst: number): void {
    const mark = this.#top;
    this.#into(expr, dst);
    this.release(mark);
  }

  #into(expr: Expr, dst: number): void {
    switch (expr.kind) {
      case 'literal':
        this.emit('Constant', dst, this.constant(expr.value), 0, expr);
        return;
      case 'local':
        this.emit('Move', dst, this.#register(expr.name), 0, expr);
        return;
      case 'record':
        this.#record(expr, dst);
        return;
      case 'select':
        this.#select(expr, dst);
        return;
      case 'index':
        this.emit(
          expr.optional || expr.chained ? 'OptIndex' : 'Index',
          dst,
          this.operand(expr.of),
          this.operand(expr.key),
          expr,
        );
        return;
      case 'has':
        this.#has(expr, dst);
        return;
      case 'call':
        this.emit('Call', dst, this.#row(expr.args, expr), exprFunctions[expr.fn][0], expr);
        return;
      case 'dyn':
        this.into(expr.of, dst);
        return;
      case 'matches': {
        const dfa = this.program.dfa(compilePattern(expr.pattern, expr.place));
        this.emit('Matches', dst, this.operand(expr.of), dfa, expr);
        return;
      }
      case 'not':
        this.emit('Not', dst, this.operand(expr.of), 0, expr);
        return;
      case 'negate':
        this.emit('Negate', dst, this.operand(expr.of), 0, expr);
        return;
      case 'binary':
        this.#binary(expr, dst);
        return;
      case 'and':
      case 'or':
        this.#logic(expr, dst);
        return;
      case 'choose':
        this.#choose(expr, dst);
        return;
      case 'list':
        this.#list(expr, dst);
        return;
      case 'map':
        this.#map(expr, dst);
        return;
      case 'loop':
        lowerLoop(this, expr, dst);
        return;
      case 'bind': {
        const register = this.take(1, expr);
        this.into(expr.value, register);
        this.within([expr.name], register, () => this.into(expr.body, dst));
        return;
      }
      case 'optMap':
        this.#optMap(expr, dst);
        return;
      case 'orElse':
        this.#orElse(expr, dst);
        return;
      case 'failure':
        // No operand of Negate is null: this is the error of a call that nothing takes.
        this.emit('Constant', dst, this.constant(null), 0, expr);
        this.emit('Negate', dst, dst, 0, expr);
    }
  }

  /** Values in a row; the first register. */
  #row(exprs: readonly Expr[], place: Expr): number {
    const first = this.take(exprs.length, place);
    for (const [at, expr] of exprs.entries()) this.into(expr, first + at);
    return first;
  }

  #record(expr: Expr, dst: number): void {
    if (this.program.record === 'Struct')
      throw new ExpressionError(
        `a record of fields is no value by itself; name a field, such as record.${[...this.#fields.keys()][0] ?? 'id'}`,
        expr.start,
        expr.end,
      );
    this.emit('Record', dst, 0, 0, expr);
  }

  /** The slot of a member, or undefined where the way to it is no way of names from the record. */
  #slotOf(expr: Expr): number | undefined {
    const path = memberPath(expr);
    if (path === undefined || path.length === 0) return undefined;
    if (this.program.record === 'Json') return this.program.slot(path);
    const field = path.length === 1 ? this.#fields.get(path[0] as string) : undefined;
    if (this.program.record !== 'Struct' || field === undefined) return undefined;
    return this.program.field(field.name, fieldCode(field.kind), field.offset, field.size);
  }

  /** The names of a way from the record whose first step is optional: what `a.?b` gives is none where `record.a` is not there. */
  #optionalPath(expr: Expr): readonly string[] | undefined {
    if (expr.kind !== 'select') return undefined;
    if (expr.optional && expr.of.kind === 'record') return [expr.name];
    const before = expr.chained ? this.#optionalPath(expr.of) : undefined;
    return before === undefined ? undefined : [...before, expr.name];
  }

  #select(expr: Expr & { kind: 'select' }, dst: number): void {
    const optionalPath = this.#optionalPath(expr);
    if (optionalPath !== undefined && this.program.record === 'Json') {
      this.emit('Slot', dst, this.program.slot(optionalPath), 0, expr);
      this.emit('OptOf', dst, dst, 0, expr);
      return;
    }
    if (expr.optional || expr.chained) {
      if (expr.of.kind === 'record') {
        const field = this.#slotOf({ ...expr, optional: false });
        if (field !== undefined) {
          this.emit('Slot', dst, field, 0, expr);
          this.emit('OptOf', dst, dst, 0, expr);
          return;
        }
      }
      this.emit('OptSelect', dst, this.operand(expr.of), this.constant(expr.name), expr);
      return;
    }
    const slot = this.#slotOf(expr);
    if (slot !== undefined) this.emit('Slot', dst, slot, 0, expr);
    else this.emit('Select', dst, this.operand(expr.of), this.constant(expr.name), expr);
  }

  #has(expr: Expr & { kind: 'has' }, dst: number): void {
    const member: Expr = {
      ...expr,
      kind: 'select',
      name: expr.name,
      of: expr.of,
      optional: false,
      chained: expr.chained,
    };
    const slot = expr.chained ? undefined : this.#slotOf(member);
    if (slot !== undefined) {
      this.emit('HasSlot', dst, slot, 0, expr);
      return;
    }
    if (!expr.chained) {
      this.emit('Has', dst, this.operand(expr.of), this.constant(expr.name), expr);
      return;
    }
    this.into(member, dst);
    this.emit('Call', dst, dst, exprFunctions.HasValue[0], expr);
  }

  #binary(expr: Expr & { kind: 'binary' }, dst: number): void {
    const fused = FUSED[expr.op];
    if (fused !== undefined && expr.right.kind === 'literal') {
      this.emit(fused, dst, this.operand(expr.left), this.constant(expr.right.value), expr);
      return;
    }
    const mirrored = MIRRORED[expr.op];
    if (mirrored !== undefined && expr.left.kind === 'literal') {
      const op = FUSED[mirrored] as ExprOp;
      this.emit(op, dst, this.operand(expr.right), this.constant(expr.left.value), expr);
      return;
    }
    const left = this.operand(expr.left);
    this.emit(BINARY[expr.op], dst, left, this.operand(expr.right), expr);
  }

  #logic(expr: Expr & { kind: 'and' | 'or' }, dst: number): void {
    this.into(expr.left, dst);
    const jump = this.emit(expr.kind === 'and' ? 'JumpIfFalse' : 'JumpIfTrue', 0, dst, 0, expr);
    const right = this.operand(expr.right);
    this.emit(expr.kind === 'and' ? 'And' : 'Or', dst, dst, right, expr);
    this.land(jump);
  }

  #choose(expr: Expr & { kind: 'choose' }, dst: number): void {
    const test = this.operand(expr.test);
    const noBool = this.emit('JumpUnlessBool', dst, test, 0, expr.test);
    const isFalse = this.emit('JumpIfFalse', 0, test, 0, expr.test);
    this.into(expr.ifTrue, dst);
    const end = this.emit('Jump', 0, 0, 0, expr);
    this.land(isFalse);
    this.into(expr.ifFalse, dst);
    this.land(end);
    this.land(noBool);
  }

  #list(expr: Expr & { kind: 'list' }, dst: number): void {
    const { entries } = expr;
    if (entries.length <= IN_REGISTERS_MAX && entries.every((entry) => !entry.optional)) {
      const first = this.#row(
        entries.map((entry) => entry.value),
        expr,
      );
      this.emit('List', dst, first, entries.length, expr);
      return;
    }
    const list = this.take(2, expr);
    this.emit('Collect', list, 0, 0, expr);
    for (const { value, optional } of entries) {
      const mark = this.#top;
      this.emit(optional ? 'AppendOptional' : 'Append', list, this.operand(value), 0, value);
      this.release(mark);
    }
    this.emit('Collected', dst, list, 0, expr);
  }

  #map(expr: Expr & { kind: 'map' }, dst: number): void {
    const { entries } = expr;
    if (entries.length <= IN_REGISTERS_MAX && entries.every((entry) => !entry.optional)) {
      const first = this.#row(
        entries.flatMap(({ key, value }) => [key, value]),
        expr,
      );
      this.emit('Map', dst, first, entries.length, expr);
      return;
    }
    const map = this.take(2, expr);
    this.emit('Collect', map, 0, 0, expr);
    for (const entry of entries) {
      const pair = this.#row([entry.key, entry.value], expr);
      if (entry.optional) this.#appendOptionalPair(map, pair, entry.value);
      else this.emit('AppendPair', map, pair, pair + 1, entry.value);
      this.release(pair);
    }
    this.emit('CollectedMap', dst, map, 0, expr);
  }

  #appendOptionalPair(map: number, pair: number, place: Expr): void {
    const none = this.emit('JumpIfNone', pair + 1, pair + 1, 0, place);
    this.emit('AppendPair', map, pair, pair + 1, place);
    const done = this.emit('Jump', 0, 0, 0, place);
    this.land(none);
    const test = this.take(1, place);
    this.emit('IsError', test, pair + 1, 0, place);
    const isNone = this.emit('JumpIfFalse', 0, test, 0, place);
    this.emit('AppendPair', map, pair, pair + 1, place);
    this.land(isNone);
    this.land(done);
  }

  #optMap(expr: Expr & { kind: 'optMap' }, dst: number): void {
    const value = this.take(1, expr);
    this.into(expr.of, value);
    const none = this.emit('JumpIfNone', value, value, 0, expr.of);
    this.within([expr.name], value, () => this.into(expr.body, dst));
    if (!expr.flat) this.emit('Call', dst, dst, exprFunctions.OptionalOf[0], expr);
    const end = this.emit('Jump', 0, 0, 0, expr);
    this.land(none);
    this.emit('Move', dst, value, 0, expr);
    this.land(end);
  }

  #orElse(expr: Expr & { kind: 'orElse' }, dst: number): void {
    const left = this.operand(expr.left);
    const value = this.take(1, expr);
    const none = this.emit('JumpIfNone', value, left, 0, expr.left);
    this.emit('Move', dst, expr.value ? value : left, 0, expr);
    const end = this.emit('Jump', 0, 0, 0, expr);
    this.land(none);
    this.emit('Move', dst, value, 0, expr);
    const test = this.take(1, expr);
    this.emit('IsError', test, value, 0, expr);
    const failed = this.emit('JumpIfTrue', 0, test, 0, expr);
    this.into(expr.right, dst);
    this.land(failed);
    this.land(end);
  }
}
