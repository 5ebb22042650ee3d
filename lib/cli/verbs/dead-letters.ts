/** `byteor dead-letters`: lists letters of records that failed, shows them, and feeds them to a plan again. */
import { Argument, Option } from 'commander';
import { ByteorError } from '../../error/errors.js';
import type { CheckedPlan } from '../../plan/document.js';
import { type DeadLetter, type DeadLetters, deadLetters, pruneDeadLetters } from '../../runtime/dead-letters.js';
import { type Redrive, redrive } from '../../runtime/redrive.js';
import { compile } from '../../version/version.js';
import { checkBoundary } from '../adapters.js';
import { type AskedEnds, addEndOptions, askedEnds } from '../end-options.js';
import { CliError, ExitCode, usageError } from '../exit-code.js';
import { loadPlan } from '../load-plan.js';
import { RELEASE_FEATURES } from '../release.js';
import { execute, needAddon } from '../run/execute.js';
import { addRunOptions, type RunOptions } from '../run/run-options.js';
import { counted, harmless, indent, table } from '../text.js';
import { type Define, examples, type VerbContext } from '../verb.js';

const ACTIONS = ['ls', 'show', 'redrive', 'prune'] as const;

type Options = RunOptions & AskedEnds & { readonly raw?: true; readonly asReceived?: true };

export const define: Define = (command, context) => {
  command
    .description(
      'List the letters of records that failed in stages and at boundaries with `on_error: dead_letter`, show them, feed their records ' +
        'to a plan again, or remove the files of those that are done. The folder is the one that --dead-letters or `deadLetters` names.',
    )
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('<folder>', 'folder of letters')
    .argument('[plan]', 'redrive: plan file (JSON or YAML); show: number of one letter')
    .addOption(new Option('--raw', 'show: the record of one letter, byte for byte').conflicts('json'));
  addEndOptions(
    command,
    ['<id>', 'redrive: the ingress that receives the records; the others as for `run`: ID=ADAPTER'],
    ['<id=adapter>', 'redrive: where records go, as for `run`; once for each egress'],
  ).option(
    '--as-received',
    'redrive: also records that a stage had changed before they failed, and beginnings of records',
  );
  addRunOptions(command)
    .addHelpText('after', HELP)
    .action(
      context.ends((action: (typeof ACTIONS)[number], folder: string, subject: string | undefined, options: Options) =>
        act(action, folder, subject, options, context),
      ),
    );
};

const HELP = `${examples([
  ['byteor dead-letters ls letters', 'what failed, why and how often'],
  ['byteor dead-letters show letters', 'all of them that are not done, with their records'],
  ['byteor dead-letters show letters 7 --raw > record', 'one record, byte for byte'],
  ['byteor dead-letters redrive letters plan.yaml --ingress in --egress out=lines+append:out.log', 'feed them again'],
  ['byteor dead-letters prune letters', 'remove the oldest files, as far as all letters in them are done'],
])}
A letter is done when a redrive has come to its end, or when its record has failed again: then it has a later letter, which
the same redrive does not feed. docs/dead-letters.md says more.
`;

async function act(
  action: (typeof ACTIONS)[number],
  folder: string,
  subject: string | undefined,
  options: Options,
  context: VerbContext,
): Promise<ExitCode> {
  if (action === 'redrive') return feed(folder, subject, options, context);
  if (action !== 'show' && subject !== undefined)
    throw usageError(`${action} takes a folder, and was given ${JSON.stringify(subject)} as well.`, 'Leave it out.');
  if (action === 'prune') return prune(folder, options, context);
  const found = lettersIn(folder);
  if (action === 'ls') {
    if (options.json === true) context.out.json({ letters: found.letters.map(facts) });
    else context.out.line(listText(found.letters));
    return ExitCode.Done;
  }
  return show(found, subject, options, context);
}

const lettersIn = (folder: string): DeadLetters => inFolder(() => deadLetters(folder));

/** @throws CliError */
function inFolder<T>(work: () => T): T {
  needAddon();
  try {
    return work();
  } catch (error) {
    throw error instanceof ByteorError ? asCliError(error) : error;
  }
}

function prune(folder: string, { json }: Options, { out }: VerbContext): ExitCode {
  const removed = inFolder(() => pruneDeadLetters(folder));
  if (json === true) out.json({ removed });
  else out.line(`removed ${counted(removed, 'letter')}`);
  return ExitCode.Done;
}

const asCliError = (error: ByteorError): CliError =>
  new CliError(error.code === 'BAD_OPTION' ? ExitCode.Usage : ExitCode.RunFailed, error.message, undefined, {
    cause: error,
  });

/** What documents say of a letter. */
const facts = ({ begun, ...letter }: DeadLetter): object => ({ ...letter, ...(begun ? { begun } : {}) });

const timeWords = (ms: number): string => new Date(ms).toISOString();

function stateWords({ done, begun }: DeadLetter): string {
  if (done) return 'done';
  return begun ? 'begun' : '';
}

function listText(letters: readonly DeadLetter[]): string {
  if (letters.length === 0) return 'no letters';
  const rows = letters.map((letter) => [
    String(letter.number),
    harmless(letter.element),
    String(letter.sequence),
    letter.code,
    String(letter.attempt),
    timeWords(letter.last),
    String(letter.bytes),
    stateWords(letter),
    harmless(letter.message),
  ]);
  const open = letters.filter(({ done }) => !done).length;
  const head = ['letter', 'element', 'sequence', 'code', 'attempt', 'failed at', 'bytes', '', ''];
  return [...table([head, ...rows], [0, 2, 4, 6]), `${counted(letters.length, 'letter')}, ${open} not done`].join('\n');
}

function show(found: DeadLetters, subject: string | undefined, options: Options, { out }: VerbContext): ExitCode {
  const numbers = subject === undefined ? found.letters.filter(({ done }) => !done).map(({ number }) => number) : [];
  if (subject !== undefined) {
    const number = /^\d+$/.test(subject) ? Number(subject) : Number.NaN;
    if (!found.letters.some((letter) => letter.number === number))
      throw usageError(
        `There is no letter ${JSON.stringify(subject)} in ${JSON.stringify(found.folder)}.`,
        '`byteor dead-letters ls` lists their numbers.',
      );
    numbers.push(number);
  }
  if (options.raw === true) {
    if (subject === undefined) throw usageError('--raw needs the number of a letter.', 'Give one of `ls`.');
    out.write(found.read(numbers[0] as number)?.record ?? new Uint8Array());
    return ExitCode.Done;
  }
  const letters = numbers.flatMap((number) => found.read(number) ?? []);
  if (options.json === true)
    out.json({
      letters: letters.map(({ record, ...letter }) => ({
        ...facts(letter),
        record: Buffer.from(record).toString('base64'),
      })),
    });
  else out.line(letters.length === 0 ? 'no letters that are not done' : letters.map(letterText).join('\n\n'));
  return ExitCode.Done;
}

function letterText({ record, ...letter }: DeadLetter & { readonly record: Uint8Array }): string {
  const ingress = letter.ingress === null ? '' : ` from ${harmless(letter.ingress)}`;
  const times =
    letter.attempt === 1
      ? timeWords(letter.last)
      : `attempt ${letter.attempt}, first ${timeWords(letter.first)}, last ${timeWords(letter.last)}`;
  const state = stateWords(letter);
  return [
    `letter ${letter.number}  ${letter.code}${state === '' ? '' : `  ${state}`}`,
    ...indent([
      `element   ${harmless(letter.element)}`,
      `record    ${letter.sequence}${ingress}, ${letter.cut ? 'its first ' : ''}${counted(letter.bytes, 'byte')}`,
      `failed    ${times}`,
      `because   ${harmless(letter.message)}`,
      `version   ${harmless(letter.plan)}`,
    ]),
    escaped(record),
  ].join('\n');
}

/** Text as it is, control characters and bytes that are no UTF-8 as `\\xNN`, a backslash twice. */
function escaped(record: Uint8Array): string {
  const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;
  let text = '';
  for (let at = 0; at < record.length; ) {
    const length = characterLength(record, at);
    const character = length === 0 ? undefined : new TextDecoder().decode(record.subarray(at, at + length));
    if (character === undefined) text += hex(record[at] as number);
    else if (character === '\\') text += '\\\\';
    else if (/[\p{C}\p{Zl}\p{Zp}]/u.test(character)) text += [...record.subarray(at, at + length)].map(hex).join('');
    else text += character;
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the character of UTF-8 that stands there; 0 where none does. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length <= 1) return length;
  const own = bytes.subarray(at, at + length);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(own) === '' ? 0 : length;
  } catch {
    return 0;
  }
}

async function feed(
  folder: string,
  path: string | undefined,
  options: Options,
  context: VerbContext,
): Promise<ExitCode> {
  if (path === undefined) throw usageError('redrive needs a plan.', 'Write byteor dead-letters redrive FOLDER PLAN.');
  const plan = await loadPlan(path, options.json === true, context);
  if (plan === undefined) return ExitCode.PlanErrors;
  const id = fedIngress(plan, options.ingress);
  needAddon();
  const version = compile(plan, { features: RELEASE_FEATURES });
  const asReceived = options.asReceived === true;
  const redriven: Redrive = inFolder(() => redrive(folder, version, { ingress: id, asReceived }));
  if (redriven.cut.length > 0)
    context.err.line(
      `byteor dead-letters: ${counted(redriven.cut.length, 'letter')} with the beginning of a record alone ` +
        'are left out; --as-received feeds them as they are.',
    );
  if (redriven.letters.length === 0) {
    context.err.line(`byteor dead-letters: ${harmless(folder)} has no letters for "${id}" that are not done.`);
    return ExitCode.Done;
  }
  if (redriven.repeated > 0)
    context.err.line(
      `byteor dead-letters: ${counted(redriven.repeated, 'record')} may have been delivered already, by a redrive that did not ` +
        'come to its end.',
    );
  const given = {
    id,
    port: { replay: folder },
    words: `${counted(redriven.letters.length, 'letter')} of ${folder}`,
    option: '--ingress',
  };
  const others = options.ingress.filter((text) => text.includes('='));
  const ends = await askedEnds(plan.boundaries, { ...options, ingress: others }, given);
  const own = { ...options, deadLetters: folder };
  return await execute({ verb: 'dead-letters', path, plan, ends, options: own, redrive: redriven }, context);
}

/** The ingress that was named without an adapter. */
function fedIngress({ boundaries }: CheckedPlan, ingress: readonly string[]): string {
  const named = ingress.filter((text) => !text.includes('='));
  for (const id of named) checkBoundary(boundaries, 'ingress', id);
  const ids = boundaries.filter(({ kind }) => kind === 'ingress').map(({ id }) => id);
  const [id, another] = named.length === 0 && ids.length === 1 ? ids : named;
  if (id === undefined || another !== undefined)
    throw usageError('redrive feeds one ingress.', `Add --ingress ${ids[0]}, without an adapter.`);
  return id;
}
