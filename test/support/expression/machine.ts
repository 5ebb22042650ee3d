import { CelMap, CelOptional, type CelValue } from '../../../lib/expression/values.js';
import { type DecodedInstruction, type DecodedProgram, functionByCode } from './decode.js';
import { callFunction } from './functions.js';
import { parseJson } from './json.js';
import {
  ABSENT,
  arithmetic,
  compare,
  equal,
  Fault,
  index,
  isIn,
  isList,
  lookUp,
  mapOf,
  negate,
  noOverload,
  optionalIndex,
  type Slotted,
  utf8,
} from './operators.js';

/**
 * A second evaluator of programs, beside the one in C++: written from lib/abi/expression.ts, plain and slow. What the two disagree about
 * is a mistake of one of them.
 */

/** What only stands in registers while a loop runs. */
class Iterator {
  at = 0;
  constructor(
    readonly pairs: readonly (readonly [CelValue, CelValue])[],
    readonly isMap: boolean,
  ) {}
}
class Making {
  readonly values: CelValue[] = [];
  readonly pairs: (readonly [CelValue, CelValue])[] = [];
}
type Register = Slotted | Iterator | Making;

export interface Outcome {
  readonly value?: CelValue;
  readonly fault?: Fault['code'];
}

const NONE = new CelOptional(undefined);
const ABSENT_FAULT = new Fault('NoSuchKey');

/** Whether a DFA finds a match. */
export function dfaMatches(dfa: DecodedProgram['dfas'][number], text: string): boolean {
  let state = 0;
  for (const byte of utf8(text)) {
    if ((dfa.accept(state) & 1) !== 0) return true;
    state = dfa.next(state, dfa.classes[byte] as number);
  }
  return dfa.accept(state) !== 0;
}

class Machine {
  readonly #registers: Register[] = [];
  #at = 0;
  #steps = 0;

  constructor(
    readonly program: DecodedProgram,
    readonly record: CelValue,
    readonly steps: number,
  ) {}

  run(entry: number): Outcome {
    this.#at = this.program.entries[entry] as number;
    for (;;) {
      const instruction = this.program.instructions[this.#at] as DecodedInstruction;
      this.#steps += 1;
      if (this.#steps > this.steps) return { fault: 'TooManySteps' };
      if (instruction.op === 'Return') {
        const result = this.#registers[instruction.a] as Slotted;
        if (result === ABSENT) return { fault: 'NoSuchKey' };
        return result instanceof Fault ? { fault: result.code } : { value: result as CelValue };
      }
      this.#at += 1;
      this.#run(instruction);
    }
  }

  #value(register: number): CelValue {
    const value = this.#registers[register];
    if (value === ABSENT) throw ABSENT_FAULT;
    if (value instanceof Fault) throw value;
    return value as CelValue;
  }

  #constant(at: number): CelValue {
    return this.program.constants[at] as CelValue;
  }

  #set(dst: number, run: () => Slotted): void {
    try {
      this.#registers[dst] = run();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#registers[dst] = error;
    }
  }

  /** The member of a path, strict: only the last name may be missing. */
  #member(path: readonly string[]): Slotted {
    let value: Slotted = this.record;
    for (const [depth, name] of path.entries()) {
      if (!(value instanceof CelMap)) return noOverload();
      const member = lookUp(value, name);
      if (member === undefined && depth < path.length - 1) throw ABSENT_FAULT;
      value = member === undefined ? ABSENT : member;
    }
    return value;
  }

  #slot(at: number): Slotted {
    const slot = this.program.slots[at];
    return this.#member(slot as readonly string[]);
  }

  #run({ op, dst, a, b }: DecodedInstruction): unknown {
    const registers = this.#registers;
    switch (op) {
      case 'Constant':
        registers[dst] = this.#constant(a);
        return undefined;
      case 'Move':
        registers[dst] = registers[a] as Register;
        return undefined;
      case 'Record':
        registers[dst] = this.record;
        return undefined;
      case 'Slot':
        return this.#set(dst, () => this.#slot(a));
      case 'HasSlot':
        return this.#set(dst, () => this.#slot(a) !== ABSENT);
      case 'Jump':
        this.#at = b;
        return undefined;
      case 'JumpIfFalse':
      case 'JumpIfTrue':
        if (registers[a] === (op === 'JumpIfTrue')) this.#at = b;
        return undefined;
      case 'JumpIfNone':
        return this.#jumpIfNone(dst, a, b);
      case 'JumpUnlessBool':
        if (typeof registers[a] === 'boolean') return undefined;
        this.#at = b;
        return this.#set(dst, () => (this.#value(a) === undefined ? false : noOverload()));
      case 'And':
      case 'Or':
        registers[dst] = this.#logic(registers[a] as Slotted, registers[b] as Slotted, op === 'Or');
        return undefined;
      case 'NotStrictlyFalse':
        registers[dst] = registers[a] !== false;
        return undefined;
      case 'IsError':
        registers[dst] = registers[a] instanceof Fault || registers[a] === ABSENT;
        return undefined;
      case 'OptOf':
        return this.#set(dst, () => {
          const value = registers[a];
          const isNone = value === ABSENT || (value instanceof Fault && value.code === 'NoSuchKey');
          return isNone ? NONE : new CelOptional(this.#value(a));
        });
      case 'OptSelect':
      case 'OptIndex':
        return this.#set(dst, () =>
          optionalIndex(this.#value(a), op === 'OptIndex' ? this.#value(b) : this.#constant(b)),
        );
      case 'Iterate':
        return this.#iterate(dst, a);
      case 'Next':
      case 'NextPair':
        return this.#next(dst, a, b, op === 'NextPair');
      case 'Collect':
        registers[dst] = new Making();
        return undefined;
      case 'Append':
      case 'AppendOptional':
      case 'AppendPair':
        return this.#append(op, dst, a, b);
      case 'Collected':
      case 'CollectedMap': {
        const made = registers[a];
        return this.#set(dst, () => {
          if (!(made instanceof Making)) return made as Slotted;
          return op === 'Collected' ? made.values : mapOf(made.pairs);
        });
      }
      default:
        return this.#set(dst, () => this.#compute(op, a, b));
    }
  }

  #compute(op: string, a: number, b: number): CelValue {
    switch (op) {
      case 'List':
        return Array.from({ length: b }, (_, at) => this.#value(a + at));
      case 'Map':
        return mapOf(
          Array.from({ length: b }, (_, at) => [this.#value(a + 2 * at), this.#value(a + 2 * at + 1)] as const),
        );
      case 'Call': {
        const [name, count] = functionByCode[b] as readonly [string, number];
        return callFunction(
          name,
          Array.from({ length: count }, (_, at) => this.#value(a + at)),
        );
      }
      case 'Matches': {
        const text = this.#value(a);
        const dfa = this.program.dfas[b] as DecodedProgram['dfas'][number];
        return typeof text === 'string' ? dfaMatches(dfa, text) : noOverload();
      }
      case 'Not': {
        const value = this.#value(a);
        return typeof value === 'boolean' ? !value : noOverload();
      }
      case 'Negate':
        return negate(this.#value(a));
      case 'Select': {
        const of = this.#value(a);
        if (of instanceof CelOptional) return optionalIndex(of, this.#constant(b));
        return of instanceof CelMap ? index(of, this.#constant(b)) : noOverload();
      }
      case 'Has': {
        const of = this.#value(a);
        if (of instanceof CelOptional) return optionalIndex(of, this.#constant(b)).value !== undefined;
        return of instanceof CelMap ? lookUp(of, this.#constant(b)) !== undefined : noOverload();
      }
      case 'Index':
        return index(this.#value(a), this.#value(b));
      case 'In':
        return isIn(this.#value(a), this.#value(b));
      default:
        return this.#compared(op, a, b);
    }
  }

  #compared(op: string, a: number, b: number): CelValue {
    const left = this.#value(a);
    const fused = op.endsWith('Constant');
    const right = fused ? this.#constant(b) : this.#value(b);
    switch (fused ? op.slice(0, -'Constant'.length) : op) {
      case 'Equal':
        return equal(left, right);
      case 'NotEqual':
        return !equal(left, right);
      case 'Less':
        return compare(left, right) < 0;
      case 'LessEqual':
        return compare(left, right) <= 0;
      case 'Greater':
        return compare(left, right) > 0;
      case 'GreaterEqual':
        return compare(left, right) >= 0;
      default:
        return arithmetic(op, left, right);
    }
  }

  #logic(left: Slotted, right: Slotted, isOr: boolean): Slotted {
    if (left === isOr || right === isOr) return isOr;
    for (const side of [left, right]) {
      if (side === ABSENT) return ABSENT_FAULT;
      if (side instanceof Fault) return side;
      if (typeof side !== 'boolean') return new Fault('NoSuchOverload');
    }
    return !isOr;
  }

  #jumpIfNone(dst: number, a: number, b: number): void {
    const value = this.#registers[a];
    if (value instanceof CelOptional && value.value !== undefined) {
      this.#registers[dst] = value.value;
      return;
    }
    this.#at = b;
    this.#set(dst, () => {
      const of = this.#value(a);
      return of instanceof CelOptional ? of : noOverload();
    });
  }

  #iterate(dst: number, a: number): void {
    try {
      const of = this.#value(a);
      if (isList(of))
        this.#registers[dst] = new Iterator(
          of.map((value, at) => [BigInt(at), value] as const),
          false,
        );
      else if (of instanceof CelMap) this.#registers[dst] = new Iterator(of.entries, true);
      else this.#registers[dst] = new Fault('NoSuchOverload');
    } catch (error) {
      this.#registers[dst] = error as Fault;
    }
  }

  #next(dst: number, a: number, b: number, isPair: boolean): void {
    const iterator = this.#registers[a] as Iterator;
    const pair = iterator.pairs[iterator.at];
    iterator.at += 1;
    this.#steps += 1;
    if (pair === undefined) this.#at = b;
    else if (isPair) [this.#registers[dst], this.#registers[dst + 1]] = pair;
    else this.#registers[dst] = iterator.isMap ? pair[0] : pair[1];
  }

  #append(op: string, dst: number, a: number, b: number): void {
    const made = this.#registers[dst];
    if (!(made instanceof Making)) return;
    this.#set(dst, () => {
      const value = this.#value(a);
      if (op === 'AppendPair') made.pairs.push(mapOf([...made.pairs, [value, this.#value(b)]]).entries.at(-1) as never);
      else if (op === 'Append') made.values.push(value);
      else if (!(value instanceof CelOptional)) return noOverload();
      else if (value.value !== undefined) made.values.push(value.value);
      return made as never;
    });
  }
}

/** Runs an entry of a program over a record: JSON text of a program about JSON, else the value itself. */
export function evaluate(program: DecodedProgram, entry: number, record: CelValue): Outcome {
  const steps = program.header.steps as number;
  return new Machine(program, record, steps).run(entry);
}

export const evaluateJson = (program: DecodedProgram, entry: number, text: string): Outcome =>
  evaluate(program, entry, parseJson(text));
