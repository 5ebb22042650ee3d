/** A program in words, for `byteor explain`: an instruction a line, with what its operands name. Pure; any thread. */
import { exprFunctions } from '../abi/expression.js';
import type { Instruction, ProgramBuilder } from './program.js';
import { CelDuration, CelMap, CelTimestamp, CelType, CelUint, type CelValue } from './values.js';

const functionNames = new Map<number, readonly [string, number]>(
  Object.entries(exprFunctions).map(([name, [code, count]]) => [code, [name, count]]),
);

/** A constant as CEL writes it. */
function celText(value: CelValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof CelUint) return `${value.value}u`;
  if (value instanceof CelType) return value.name;
  if (value instanceof Uint8Array)
    return `b"${[...value].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
  if (value instanceof CelTimestamp) return `timestamp of ${value.seconds} s and ${value.nanos} ns`;
  if (value instanceof CelDuration) return `duration of ${value.seconds} s and ${value.nanos} ns`;
  if (value instanceof CelMap)
    return `{${value.entries.map(([key, of]) => `${celText(key)}: ${celText(of)}`).join(', ')}}`;
  if (Array.isArray(value)) return `[${value.map(celText).join(', ')}]`;
  if (typeof value === 'number' && Number.isInteger(value)) return value.toFixed(1);
  return String(value);
}

const CONSTANT_SHOWN_MAX = 60;

/** What an instruction does, without its number. */
function wordsOf(program: ProgramBuilder, { op, dst, a, b }: Instruction): string {
  const constant = (index: number): string => {
    const text = celText(program.constantValues[index] as CelValue);
    return text.length > CONSTANT_SHOWN_MAX ? `${text.slice(0, CONSTANT_SHOWN_MAX)}…` : text;
  };
  const member = (slot: number): string => `record.${program.slots[slot]?.path.join('.')}`;
  switch (op) {
    case 'Return':
      return `Return r${a}`;
    case 'Constant':
      return `r${dst} = ${constant(a)}`;
    case 'Record':
      return `r${dst} = record`;
    case 'Slot':
      return `r${dst} = ${member(a)}`;
    case 'HasSlot':
      return `r${dst} = has ${member(a)}`;
    case 'Jump':
      return `Jump to ${b}`;
    case 'JumpIfFalse':
    case 'JumpIfTrue':
      return `${op} r${a} to ${b}`;
    case 'JumpIfNone':
    case 'JumpUnlessBool':
    case 'Next':
    case 'NextPair':
      return `r${dst} = ${op} r${a}, else to ${b}`;
    case 'Select':
    case 'Has':
    case 'OptSelect':
      return `r${dst} = ${op} r${a} ${constant(b)}`;
    case 'List':
    case 'Map':
      return `r${dst} = ${op} of ${b} from r${a}`;
    case 'Call': {
      const [name, count] = functionNames.get(b) as readonly [string, number];
      return `r${dst} = ${name}(${Array.from({ length: count }, (_, at) => `r${a + at}`).join(', ')})`;
    }
    case 'Matches':
      return `r${dst} = Matches r${a} by automaton ${b} (${program.dfas[b]?.accepts.length} states)`;
    case 'Append':
    case 'AppendOptional':
      return `${op} r${a} to r${dst}`;
    case 'AppendPair':
      return `AppendPair r${a}: r${b} to r${dst}`;
    case 'Collect':
      return `r${dst} = Collect`;
    default:
      if (op.endsWith('Constant')) return `r${dst} = ${op.slice(0, -'Constant'.length)} r${a} ${constant(b)}`;
      return BINARY.test(op) ? `r${dst} = ${op} r${a} r${b}` : `r${dst} = ${op} r${a}`;
  }
}

const BINARY =
  /^(And|Or|Equal|NotEqual|Less|LessEqual|Greater|GreaterEqual|Add|Subtract|Multiply|Divide|Modulo|In|Index|OptIndex)$/;

/** The instructions of a program, a line each. */
export function programLines(program: ProgramBuilder): string[] {
  const width = String(program.instructions.length - 1).length;
  return program.instructions.map(
    (instruction, index) => `${String(index).padStart(width)}  ${wordsOf(program, instruction)}`,
  );
}
