/**
 * What stands behind the boundaries of a plan on the command line. Every boundary needs an end, and nothing is guessed.
 * From the weakest to the strongest: the file of `--ends`, `--ingress ID=ADAPTER` and `--egress ID=ADAPTER` (an end as a
 * whole), what the verb itself knows, `--set ID.key=value` (a key of an end). Pure; any thread.
 */
import type { Adapter, Key } from '../adapter/adapter.js';
import { checkPort, isProblem } from '../adapter/check.js';
import { fileTarget, flatOf, portOf, STANDARD_STREAM } from '../adapter/port.js';
import { adaptersAt, findAdapter, type Port } from '../adapter/registry.js';
import { describeValue } from '../error/describe-value.js';
import type { BoundaryEntry } from '../plan/document.js';
import { nearest, oneOf } from '../plan/words.js';
import type { EndsFile } from './ends-file.js';
import { usageError } from './exit-code.js';

export type BoundaryKind = BoundaryEntry['kind'];

/** What `--ingress` and `--egress` take as an adapter. */
export interface AdapterWord {
  readonly word: string;
  /** Undefined: nothing follows the word. */
  readonly adapter: Adapter | undefined;
  readonly help: string;
}

const targetOf = ({ keys, target }: Adapter): Key => keys[target] as Key;

/** What stands for the target of an adapter in help and messages. */
function placeholderOf(adapter: Adapter): string {
  const key = targetOf(adapter);
  return key.type === 'text' ? key.placeholder : adapter.target.toUpperCase();
}

const hasKey = ({ keys }: Adapter, kind: BoundaryKind, name: string): boolean =>
  keys[name]?.sides?.includes(kind) ?? Object.hasOwn(keys, name);

export const adapterWords = (kind: BoundaryKind): readonly AdapterWord[] => [
  ...adaptersAt(kind).flatMap((adapter) => [
    { word: adapter.name, adapter, help: adapter.sides[kind] ?? '' },
    ...adapter.flags
      .filter((flag) => hasKey(adapter, kind, flag))
      .map((flag) => ({ word: `${adapter.name}+${flag}`, adapter, help: adapter.keys[flag]?.help ?? '' })),
  ]),
  ...(kind === 'egress' ? [{ word: 'discard', adapter: undefined, help: 'nothing is written' }] : []),
];

/** `lines:PATH`, `lines:- (standard input)`, …: what may stand behind `ID=`. */
export const adapterForms = (kind: BoundaryKind): readonly string[] => {
  const words = adapterWords(kind);
  return words.flatMap(({ word, adapter }, at) => {
    if (adapter === undefined) return [word];
    const last = words[at + 1]?.adapter !== adapter;
    const stream = kind === 'ingress' ? 'standard input' : 'standard output';
    return [
      `${word}:${placeholderOf(adapter)}`,
      ...(last && adapter.file ? [`${adapter.name}:${STANDARD_STREAM} (${stream})`] : []),
    ];
  });
};

const formsOf = (kind: BoundaryKind): string => oneOf(adapterForms(kind));

export interface Ends {
  /** Boundary id → port, as `open` takes it. */
  readonly ports: Readonly<Record<string, Port>>;
  /** Boundary id → the adapter as it was written, or as `--ingress` would write it. */
  readonly words: Readonly<Record<string, string>>;
  readonly readsStandardInput: boolean;
  readonly writesStandardOutput: boolean;
}

/** As commander collects them. */
export interface EndOptions {
  readonly ingress: readonly string[];
  readonly egress: readonly string[];
  readonly set?: readonly string[];
}

/** A boundary whose port the verb itself knows. */
export interface GivenEnd {
  readonly id: string;
  readonly port: Port;
  readonly words: string;
  /** The option that says most of it. */
  readonly option: string;
}

/** An end before it is checked, with where it was said. */
interface Said {
  readonly port: unknown;
  readonly words: string | undefined;
  /** What a message about the end, or about one of its keys, begins with. */
  readonly place: (key?: string) => string;
}

/** The file that an adapter reads or writes; undefined for standard streams and whatever is not a file. */
export function fileOf(port: Port | undefined): string | undefined {
  const target = fileTarget(port);
  return target === STANDARD_STREAM ? undefined : target;
}

/** @throws CliError (wrong usage) when an option is malformed, a boundary has none, or an id is not the plan's */
export function resolveEnds(
  boundaries: readonly BoundaryEntry[],
  options: EndOptions,
  file?: EndsFile,
  given?: GivenEnd,
): Ends {
  const said = new Map<string, Said>();
  if (file !== undefined) readFile(boundaries, file, said);
  readFlags(boundaries, options, given?.id, said);
  if (given !== undefined) said.set(given.id, saidByVerb(given));
  const sets = readSets(boundaries, options.set ?? []);
  const ports: Record<string, Port> = {};
  const words: Record<string, string> = {};
  for (const { id, kind } of boundaries) {
    const end = withSets(id, kind, said.get(id), sets.get(id) ?? []);
    if (end === undefined) continue;
    ports[id] = checkedEnd(id, kind, end);
    words[id] = end.words ?? wordsOf(ports[id] as Port);
  }
  const missing = boundaries.filter(({ id }) => ports[id] === undefined);
  if (missing.length > 0) throw missingAdapter(missing);
  const standard = (kind: BoundaryKind): number => {
    const users = boundaries.filter(({ id, kind: own }) => own === kind && fileTarget(ports[id]) === STANDARD_STREAM);
    if (users.length > 1) throw standardTwice(kind, users);
    return users.length;
  };
  return { ports, words, readsStandardInput: standard('ingress') > 0, writesStandardOutput: standard('egress') > 0 };
}

/**
 * The port that a verb knows, with what `--set` says of it.
 * @throws CliError (wrong usage)
 */
export function withSettings(boundaries: readonly BoundaryEntry[], given: GivenEnd, set: readonly string[] = []): Port {
  const { id } = given;
  const end = withSets(id, 'ingress', saidByVerb(given), readSets(boundaries, set).get(id) ?? []) as Said;
  return checkedEnd(id, 'ingress', end);
}

const saidByVerb = ({ port, words, option }: GivenEnd): Said => ({ port, words, place: () => option });

function readFile(boundaries: readonly BoundaryEntry[], file: EndsFile, said: Map<string, Said>): void {
  for (const [id, port] of Object.entries(file.ports)) {
    if (!boundaries.some((boundary) => boundary.id === id))
      throw usageError(`${file.placeOf(id)}: the plan has no boundary "${id}".`, idsOf(id, boundaries));
    said.set(id, { port, words: undefined, place: (key) => file.placeOf(id, key) });
  }
}

/** `(Did you mean in?) It has "in", "out".` */
function idsOf(id: string, boundaries: readonly BoundaryEntry[]): string {
  const ids = boundaries.map((boundary) => boundary.id);
  const near = nearest(id, ids);
  return `${near === undefined ? '' : `(Did you mean ${near}?) `}It has ${ids.map((own) => `"${own}"`).join(', ')}.`;
}

function readFlags(
  boundaries: readonly BoundaryEntry[],
  { ingress, egress }: EndOptions,
  taken: string | undefined,
  said: Map<string, Said>,
): void {
  const asked = [
    ...ingress.map((text) => ['ingress', text] as const),
    ...egress.map((text) => ['egress', text] as const),
  ];
  const seen = new Set<string | undefined>([taken]);
  for (const [kind, text] of asked) {
    const { id, adapter } = split(kind, text);
    checkBoundary(boundaries, kind, id);
    if (seen.has(id)) throw usageError(`--${kind} names "${id}" twice.`, 'Give each boundary one adapter.');
    seen.add(id);
    said.set(id, { port: readAdapter(kind, id, adapter), words: adapter, place: () => `--${kind} ${text}` });
  }
}

/** Two readers of one stream would share it out by chance, two writers would mix their lines. */
function standardTwice(kind: BoundaryKind, users: readonly BoundaryEntry[]): Error {
  const names = users.map(({ id }) => `"${id}"`).join(' and ');
  const stream = kind === 'ingress' ? 'Standard input' : 'Standard output';
  return usageError(`${stream} is the adapter of ${names}.`, 'Give it to one of them, and files to the others.');
}

function split(kind: BoundaryKind, text: string): { id: string; adapter: string } {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return { id: text.slice(0, at), adapter: text.slice(at + 1) };
  throw usageError(`--${kind} is ${JSON.stringify(text)}, which is not ID=ADAPTER.`, `An adapter is ${formsOf(kind)}.`);
}

/** @throws CliError (wrong usage) unless the plan has that boundary */
export function checkBoundary(boundaries: readonly BoundaryEntry[], kind: BoundaryKind, id: string): void {
  const found = boundaries.find((boundary) => boundary.id === id);
  if (found?.kind === kind) return;
  if (found !== undefined)
    throw usageError(`--${kind} names "${id}", which is an ${found.kind} of the plan.`, `Use --${found.kind} for it.`);
  const ids = boundaries.filter((boundary) => boundary.kind === kind).map((boundary) => boundary.id);
  const near = nearest(id, ids);
  throw usageError(
    `--${kind} names "${id}", but the plan has no such ${kind}; it has ${ids.map((own) => `"${own}"`).join(', ')}.`,
    near === undefined ? undefined : `(Did you mean ${near}?)`,
  );
}

/** `NAME[+flag]:TARGET`. */
function readAdapter(kind: BoundaryKind, id: string, text: string): Port {
  const [word = '', ...rest] = text.split(':');
  const target = rest.join(':');
  const known = adapterWords(kind).find((one) => one.word === word);
  if (known === undefined) throw unknownAdapter(kind, id, text, word);
  const { adapter } = known;
  if (adapter === undefined) {
    if (target === '') return 'discard';
    throw usageError(`The adapter of "${id}" is ${JSON.stringify(text)}; ${word} takes no path.`, `Write ${word}.`);
  }
  if (target === '') {
    const stream = adapter.file ? `, or ${word}:${STANDARD_STREAM} for the standard stream` : '';
    throw usageError(
      `The adapter of "${id}" is ${JSON.stringify(text)}, which names no ${adapter.file ? 'file' : adapter.target}.`,
      `Write ${word}:${placeholderOf(adapter)}${stream}.`,
    );
  }
  if (target.includes('\0')) throw usageError(`The path of "${id}" holds a NUL character.`, 'Name another file.');
  const [, ...flags] = word.split('+');
  return portOf(adapter, {
    [adapter.target]: valueOfText(targetOf(adapter), target),
    ...Object.fromEntries(flags.map((flag) => [flag, true])),
  });
}

function unknownAdapter(kind: BoundaryKind, id: string, text: string, word: string): Error {
  const near = nearest(
    word,
    adapterWords(kind).map((known) => known.word),
  );
  return usageError(
    `The adapter of "${id}" is ${JSON.stringify(text)}, which is not an adapter for an ${kind}.`,
    `${near === undefined ? '' : `(Did you mean ${near}?) `}An adapter is ${formsOf(kind)}.`,
  );
}

/** What `--ingress` or `--egress` would say, as far as they can. */
function wordsOf(port: Port): string {
  const flat = flatOf(port);
  if (flat === undefined) return String(port);
  const { adapter, config } = flat;
  const flags = adapter.flags.filter((flag) => config[flag] === true).map((flag) => `+${flag}`);
  return `${adapter.name}${flags.join('')}:${String(config[adapter.target])}`;
}

/** One `--set`. */
interface Setting {
  readonly option: string;
  readonly key: string;
  readonly text: string;
}

/** Boundary id → what is set there. */
function readSets(boundaries: readonly BoundaryEntry[], texts: readonly string[]): ReadonlyMap<string, Setting[]> {
  const sets = new Map<string, Setting[]>();
  for (const given of texts) {
    const [, id, key, text] = /^([^.=]+)\.([^.=]+)=(.*)$/s.exec(given) ?? [];
    const option = `--set ${given}`;
    if (id === undefined || key === undefined || text === undefined)
      throw usageError(`--set is ${JSON.stringify(given)}, which is not ID.key=value.`, 'Like --set out.append=true.');
    if (!boundaries.some((boundary) => boundary.id === id))
      throw usageError(`${option}: the plan has no boundary "${id}".`, idsOf(id, boundaries));
    const before = sets.get(id) ?? [];
    if (before.some((other) => other.key === key))
      throw usageError(`--set gives ${id}.${key} twice.`, 'Give each key one value.');
    sets.set(id, [...before, { option, key, text }]);
  }
  return sets;
}

/** What was said of an end, with the keys that are set; another adapter begins without the keys of the one before. */
function withSets(id: string, kind: BoundaryKind, said: Said | undefined, sets: readonly Setting[]): Said | undefined {
  const [first] = sets;
  if (first === undefined) return said;
  const before = flatOf(said?.port);
  const named = sets.find(({ key }) => key === 'adapter')?.text;
  const adapter = named === undefined ? before?.adapter : findAdapter(named);
  if (adapter === undefined && named === undefined) {
    if (said !== undefined) checkedEnd(id, kind, said);
    throw usageError(
      `${first.option}: "${id}" has no adapter that could have this key.`,
      `Give it one: --${kind} ${id}=${adapterForms(kind)[0]}.`,
    );
  }
  const values = sets.filter(({ key }) => key !== 'adapter').map(({ key, text }) => [key, textOf(adapter, key, text)]);
  const kept = adapter === before?.adapter ? before?.config : undefined;
  const port = { adapter: adapter?.name ?? named, ...kept, ...Object.fromEntries(values) };
  return {
    port,
    words: undefined,
    place: (key) =>
      sets.find((set) => set.key === key)?.option ?? (kept === undefined ? first.option : (said as Said).place(key)),
  };
}

const textOf = (adapter: Adapter | undefined, name: string, text: string): unknown => {
  const key = adapter !== undefined && Object.hasOwn(adapter.keys, name) ? adapter.keys[name] : undefined;
  return key === undefined ? text : valueOfText(key, text);
};

/** A value as its key is typed; the text itself where it is of another type, for the check to judge. */
function valueOfText(key: Key, text: string): unknown {
  if (key.type === 'integer') return /^-?[0-9]{1,16}$/.test(text) ? Number(text) : text;
  if (key.type === 'flag') return text === 'true' || text === 'false' ? text === 'true' : text;
  return text;
}

/** @throws CliError (wrong usage) that begins with where it was said */
function checkedEnd(id: string, kind: BoundaryKind, { port, place }: Said): Port {
  if (port === 'js')
    throw usageError(`${place()}: "${id}" is "js", which needs a program.`, `An end is ${formsOf(kind)}.`);
  const checked = checkPort(kind, port);
  if (!isProblem(checked)) {
    const flat = flatOf(port);
    return flat === undefined ? (port as Port) : portOf(flat.adapter, flat.config);
  }
  const { key, received, remedy } = checked;
  const what = key === undefined ? `"${id}"` : `"${key}" of "${id}"`;
  const words = received === undefined ? 'is missing' : `is ${describeValue(received)}`;
  // Of the forms of a port, the command line has all but one.
  const advice = remedy.replace('"js", ', '');
  throw usageError(`${place(key)}: ${what} ${words}.`, `${advice[0]?.toUpperCase()}${advice.slice(1)}.`);
}

function missingAdapter(missing: readonly BoundaryEntry[]): Error {
  const names = new Intl.ListFormat('en').format(missing.map(({ id, kind }) => `the ${kind} "${id}"`));
  const options = missing.map(({ id, kind }) => `--${kind} ${id}=lines:PATH`).join(' ');
  return usageError(
    `No adapter was given for ${names}.`,
    `Add ${options} (${[...new Set(missing.map(({ kind }) => `for an ${kind}: ${formsOf(kind)}`))].join('; ')}).`,
  );
}
