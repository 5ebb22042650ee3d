/**
 * What stands behind the boundaries of a plan on the command line: `--ingress ID=ADAPTER`, `--egress ID=ADAPTER`. Every
 * boundary needs one, and nothing is guessed. Pure; any thread.
 */
import type { BoundaryEntry } from '../plan/document.js';
import { nearest } from '../plan/words.js';
import type { Port } from '../runtime/options.js';
import { usageError } from './exit-code.js';

export type BoundaryKind = BoundaryEntry['kind'];

/** The adapters of each kind of boundary; `path`: whether a path follows its name. */
export const ADAPTERS: Readonly<
  Record<BoundaryKind, readonly { readonly name: string; readonly path: boolean; readonly help: string }[]>
> = {
  ingress: [{ name: 'lines', path: true, help: 'one record a line, from a file or - for standard input' }],
  egress: [
    { name: 'lines', path: true, help: 'one record a line, to a file or - for standard output' },
    { name: 'lines+append', path: true, help: 'the same, behind what the file has' },
    { name: 'discard', path: false, help: 'nothing is written' },
  ],
};

const FORMS: Readonly<Record<BoundaryKind, string>> = {
  ingress: 'lines:PATH or lines:- (standard input)',
  egress: 'lines:PATH, lines+append:PATH, lines:- (standard output) or discard',
};

export interface Ends {
  /** Boundary id → port, as `open` takes it. */
  readonly ports: Readonly<Record<string, Port>>;
  /** Boundary id → the adapter as it was written. */
  readonly words: Readonly<Record<string, string>>;
  readonly readsStandardInput: boolean;
  readonly writesStandardOutput: boolean;
}

/** A boundary whose port the verb itself knows. */
export interface GivenEnd {
  readonly id: string;
  readonly port: Port;
  readonly words: string;
}

/** The file that an adapter reads or writes; undefined for standard streams and whatever is not a file. */
export const fileOf = (port: Port | undefined): string | undefined =>
  typeof port === 'object' && 'lines' in port && port.lines !== '-' ? port.lines : undefined;

/** @throws CliError (wrong usage) when an option is malformed, a boundary has none, or an id is not the plan's */
export function resolveEnds(
  boundaries: readonly BoundaryEntry[],
  ingress: readonly string[],
  egress: readonly string[],
  given?: GivenEnd,
): Ends {
  const ports: Record<string, Port> = given === undefined ? {} : { [given.id]: given.port };
  const words: Record<string, string> = given === undefined ? {} : { [given.id]: given.words };
  const asked = [
    ...ingress.map((text) => ['ingress', text] as const),
    ...egress.map((text) => ['egress', text] as const),
  ];
  for (const [kind, text] of asked) {
    const { id, adapter } = split(kind, text);
    checkBoundary(boundaries, kind, id);
    if (words[id] !== undefined) throw usageError(`--${kind} names "${id}" twice.`, 'Give each boundary one adapter.');
    ports[id] = readAdapter(kind, id, adapter);
    words[id] = adapter;
  }
  const missing = boundaries.filter(({ id }) => words[id] === undefined);
  if (missing.length > 0) throw missingAdapter(missing);
  const standard = (kind: BoundaryKind): number => {
    const users = boundaries.filter(({ id, kind: own }) => own === kind && isStandard(ports[id] as Port));
    if (users.length > 1) throw standardTwice(kind, users);
    return users.length;
  };
  return { ports, words, readsStandardInput: standard('ingress') > 0, writesStandardOutput: standard('egress') > 0 };
}

/** Two readers of one stream would share it out by chance, two writers would mix their lines. */
function standardTwice(kind: BoundaryKind, users: readonly BoundaryEntry[]): Error {
  const names = users.map(({ id }) => `"${id}"`).join(' and ');
  const stream = kind === 'ingress' ? 'Standard input' : 'Standard output';
  return usageError(`${stream} is the adapter of ${names}.`, 'Give it to one of them, and files to the others.');
}

const isStandard = (port: Port): boolean => typeof port === 'object' && 'lines' in port && port.lines === '-';

function split(kind: BoundaryKind, text: string): { id: string; adapter: string } {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return { id: text.slice(0, at), adapter: text.slice(at + 1) };
  throw usageError(`--${kind} is ${JSON.stringify(text)}, which is not ID=ADAPTER.`, `An adapter is ${FORMS[kind]}.`);
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

function readAdapter(kind: BoundaryKind, id: string, adapter: string): Port {
  const [name = '', ...rest] = adapter.split(':');
  const path = rest.join(':');
  if (name === 'discard' && kind === 'egress') {
    if (path === '') return 'discard';
    throw usageError(`The adapter of "${id}" is ${JSON.stringify(adapter)}; discard takes no path.`, 'Write discard.');
  }
  const appends = name === 'lines+append' && kind === 'egress';
  if (name !== 'lines' && !appends) throw unknownAdapter(kind, id, adapter, name);
  if (path === '')
    throw usageError(
      `The adapter of "${id}" is ${JSON.stringify(adapter)}, which names no file.`,
      `Write ${name}:PATH, or ${name}:- for the standard stream.`,
    );
  if (path.includes('\0')) throw usageError(`The path of "${id}" holds a NUL character.`, 'Name another file.');
  return appends ? { lines: path, append: true } : { lines: path };
}

function unknownAdapter(kind: BoundaryKind, id: string, adapter: string, name: string): Error {
  const near = nearest(
    name,
    ADAPTERS[kind].map((known) => known.name),
  );
  return usageError(
    `The adapter of "${id}" is ${JSON.stringify(adapter)}, which is not an adapter for an ${kind}.`,
    `${near === undefined ? '' : `(Did you mean ${near}?) `}An adapter is ${FORMS[kind]}.`,
  );
}

function missingAdapter(missing: readonly BoundaryEntry[]): Error {
  const names = new Intl.ListFormat('en').format(missing.map(({ id, kind }) => `the ${kind} "${id}"`));
  const options = missing.map(({ id, kind }) => `--${kind} ${id}=lines:PATH`).join(' ');
  return usageError(
    `No adapter was given for ${names}.`,
    `Add ${options} (${[...new Set(missing.map(({ kind }) => `for an ${kind}: ${FORMS[kind]}`))].join('; ')}).`,
  );
}
