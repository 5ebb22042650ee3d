/**
 * What may stand at the cursor of a command line, from the program that would run it: verbs, options, their values. A
 * verb or an option that is added is completed without a line here; a new kind of value wants its source in values.ts.
 * Main thread; nothing throws but for a defect.
 */
import type { Argument, Command, Option } from 'commander';
import { type Answer, behind, type Candidate, fitting, NOTHING } from './answer.js';
import { type Asked, valuesOf } from './values.js';

/** The program, with the arguments and options of one verb. */
export type ProgramOf = (verb: string | undefined) => Promise<Command>;

/** @param line words behind `byteor`; the last is the one at the cursor, up to it, and may be empty */
export async function complete(line: readonly string[], programOf: ProgramOf): Promise<Answer> {
  const before = line.slice(0, -1);
  const current = line.at(-1) ?? '';
  const at = before.findIndex((word) => !word.startsWith('-'));
  const name = before[at];
  const program = await programOf(name);
  if (name === undefined || name === 'help') return fitting(ofProgram(program, current, before), current);
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) return NOTHING;
  return fitting(await ofVerb(command, readWords(command, before.slice(at + 1)), current), current);
}

/** Verbs; of `help` nothing else, and not a second one. */
function ofProgram(program: Command, current: string, before: readonly string[]): Answer {
  if (before.includes('help')) return before.at(-1) === 'help' ? verbs(program, false) : NOTHING;
  return current.startsWith('-') ? { prefix: '', candidates: optionsOf(program, new Set()) } : verbs(program, true);
}

const verbs = (program: Command, withHelp: boolean): Answer => ({
  prefix: '',
  candidates: [
    ...program.commands.map((command) => ({ value: command.name(), help: command.summary() })),
    ...(withHelp ? [{ value: 'help', help: 'print the help of a verb' }] : []),
  ],
});

/** What stands before the cursor. */
interface Read {
  readonly positionals: readonly string[];
  readonly given: ReadonlySet<Option>;
  /** The option whose value the cursor stands at. */
  readonly pending: Option | undefined;
  /** Behind `--` nothing is an option. */
  readonly ended: boolean;
}

const find = (command: Command, word: string): Option | undefined =>
  command.options.find(({ long, short }) => word === long || word === short);

function readWords(command: Command, before: readonly string[]): Read {
  const positionals: string[] = [];
  const given = new Set<Option>();
  let pending: Option | undefined;
  let ended = false;
  for (const word of before) {
    if (pending !== undefined) {
      pending = undefined;
      continue;
    }
    if (ended || !word.startsWith('-') || word === '-') positionals.push(word);
    else if (word === '--') ended = true;
    else {
      const [name = '', value] = word.split('=', 2);
      const option = find(command, name);
      if (option !== undefined) given.add(option);
      if (option?.required === true && value === undefined) pending = option;
    }
  }
  return { positionals, given, pending, ended };
}

async function ofVerb(command: Command, read: Read, current: string): Promise<Answer> {
  const { positionals, given, pending, ended } = read;
  if (pending !== undefined) return optionValues(pending, command, read, current);
  if (!ended && current.startsWith('-')) {
    const equals = current.indexOf('=');
    if (equals < 0) return { prefix: '', candidates: optionsOf(command, given) };
    const option = find(command, current.slice(0, equals));
    if (option?.required !== true) return NOTHING;
    return behind(current.slice(0, equals + 1), await optionValues(option, command, read, current.slice(equals + 1)));
  }
  const argument = argumentAt(command, positionals.length);
  if (argument === undefined) return ended ? NOTHING : { prefix: '', candidates: optionsOf(command, given) };
  return valuesOf(argument.name(), argument.argChoices, askedOf(command, read, current));
}

/** The last argument of a verb may take all that follow. */
function argumentAt({ registeredArguments }: Command, index: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[index] ?? (last?.variadic === true ? last : undefined);
}

/** The word between the brackets: what kind of value an option takes. */
export const placeholderOf = ({ flags }: Pick<Option, 'flags'>): string =>
  /[<[]([^>\]]+?)(?:\.{3})?[>\]]/.exec(flags)?.[1] ?? '';

function optionValues(option: Option, command: Command, read: Read, text: string): Answer | Promise<Answer> {
  const asked = { ...askedOf(command, read, text), option: option.attributeName() };
  return valuesOf(placeholderOf(option), option.argChoices, asked);
}

function askedOf({ registeredArguments }: Command, { positionals }: Read, text: string): Asked {
  const plan = positionals[registeredArguments.findIndex((argument) => argument.name() === 'plan')];
  return { text, plan, option: undefined };
}

/** Not those that were given or that contradict one of these; an option that collects may be given again. */
function optionsOf(command: Command, given: ReadonlySet<Option>): Candidate[] {
  const help = command.createHelp();
  return help.visibleOptions(command).flatMap((option) => {
    const again = Array.isArray(option.defaultValue);
    if (option.long === undefined || (!again && [...given].some((other) => excludes(other, option)))) return [];
    return [{ value: option.long, help: option.description }];
  });
}

interface Conflicts {
  readonly conflictsWith: readonly string[];
}

function excludes(given: Option, option: Option): boolean {
  const conflicts = (one: Option, other: Option): boolean =>
    (one as unknown as Conflicts).conflictsWith.includes(other.attributeName());
  return given.attributeName() === option.attributeName() || conflicts(given, option) || conflicts(option, given);
}
