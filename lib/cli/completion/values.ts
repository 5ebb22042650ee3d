/**
 * Values of options and arguments, by the placeholder that stands for them in the help: `<folder>`, `[pipeline]`. A test
 * compares the placeholders of all verbs with these. Main thread; what cannot be read has no candidates.
 */
import { readFileSync, statSync } from 'node:fs';
import { ERROR_CODES } from '../../abi/error-codes.js';
import { keysAt } from '../../adapter/adapter.js';
import { adaptersAt } from '../../adapter/registry.js';
import { INSERT_RULES } from '../../lower/graph-rules.js';
import { observedPipelines } from '../../observe/observed.js';
import { PLAN_TEXT_MAX } from '../../plan/limits.js';
import { functionOf, libraryOf } from '../../plan/op-catalog.js';
import { parsePlan } from '../../plan/parse.js';
import { CODES } from '../../validate/codes.js';
import { adapterWords, type BoundaryKind } from '../adapters.js';
import { STAGE_KEYS } from '../stage-options.js';
import { type Answer, NOTHING, paths, words } from './answer.js';

/** What is known about a value that is asked for. */
export interface Asked {
  /** The value up to the cursor. */
  readonly text: string;
  /** The plan that is named on the line. */
  readonly plan: string | undefined;
  /** Attribute of the option; undefined for an argument. */
  readonly option: string | undefined;
}

type Source = (asked: Asked) => Answer;

const nothing: Source = () => NOTHING;

/** Placeholder → where its values come from. Of numbers, sizes and lists nothing is suggested. */
export const SOURCES: Readonly<Record<string, Source>> = {
  plan: () => paths('plans'),
  action: nothing,
  before: () => paths('plans'),
  after: () => paths('plans'),
  file: () => paths('files'),
  folder: () => paths('folders'),
  code: () => titled({ ...CODES, ...INSERT_RULES, ...ERROR_CODES }),
  pipeline: runningPipelines,
  'id=adapter': boundaryEnds,
  id: fedIngress,
  'name=path': stageCode,
  setting,
  'name.key=value': stageSetting,
  expr: nothing,
  text: nothing,
  codec: () => words(['json', 'utf8', 'bytes']),
  n: nothing,
  size: nothing,
  list: nothing,
  duration: nothing,
  sequence: nothing,
  percent: nothing,
  // Words of another command line.
  words: nothing,
};

/** @param choices all values, where these are known */
export const valuesOf = (placeholder: string, choices: readonly string[] | undefined, asked: Asked): Answer =>
  choices === undefined ? (SOURCES[placeholder] ?? nothing)(asked) : words(choices);

const titled = (entries: Readonly<Record<string, { readonly title: string }>>): Answer => ({
  prefix: '',
  candidates: Object.entries(entries).map(([value, { title }]) => ({ value, help: title })),
});

function runningPipelines(): Answer {
  const candidates = observedPipelines().map(({ pid, pipeline, process }) => ({
    value: `${pid}/${pipeline}`,
    help: process === 'gone' ? 'its process is gone' : undefined,
  }));
  return { ...paths('files'), candidates };
}

/** `in=lines:access.log`: an id of the plan, then an adapter, then a path. */
function boundaryEnds({ text, plan, option }: Asked): Answer {
  const kind: BoundaryKind = option === 'egress' ? 'egress' : 'ingress';
  const [, id, adapter] = /^([^=]*=)(?:([^:]+):)?/.exec(text) ?? [];
  if (id === undefined) {
    const ids = plan === undefined ? [] : boundariesOf(plan, kind);
    return { prefix: '', candidates: ids.map((value) => ({ value: `${value}=` })), open: true };
  }
  if (adapter === undefined) {
    const candidates = adapterWords(kind).map(({ word, adapter: named, help }) => ({
      value: named === undefined ? word : `${word}:`,
      help,
    }));
    return { prefix: id, candidates, open: true };
  }
  const named = adapterWords(kind).find(({ word }) => word === adapter)?.adapter;
  const target = named?.keys[named.target];
  return target?.type === 'text' && target.completes !== undefined
    ? paths(target.completes, `${id}${adapter}:`)
    : NOTHING;
}

/** `out.append=true`: an id of the plan, then a key of any adapter of that side, then its words where it has some. */
function setting({ text, plan }: Asked): Answer {
  const [, id, key] = /^([^.=]*)\.(?:([^.=]+)=)?/.exec(text) ?? [];
  const kinds = ['ingress', 'egress'] as const;
  const ids = plan === undefined ? [] : kinds.flatMap((kind) => boundariesOf(plan, kind).map((one) => ({ one, kind })));
  if (id === undefined) return { prefix: '', candidates: ids.map(({ one }) => ({ value: `${one}.` })), open: true };
  const kind = ids.find(({ one }) => one === id)?.kind;
  if (kind === undefined) return NOTHING;
  const keys = new Map(adaptersAt(kind).flatMap((adapter) => keysAt(adapter, kind)));
  if (key === undefined) {
    const candidates = [...keys].map(([name, { help }]) => ({ value: `${name}=`, help }));
    return { prefix: `${id}.`, candidates, open: true };
  }
  const found = keys.get(key);
  const values = found?.type === 'word' ? found.words : found?.type === 'flag' ? ['true', 'false'] : [];
  return { ...words(values), prefix: `${id}.${key}=` };
}

/** `score=./score.mjs`: a name of the plan, then a path. */
function stageCode({ text, plan }: Asked): Answer {
  const [, name] = /^([^=]*=)/.exec(text) ?? [];
  if (name !== undefined) return paths('files', name);
  const names = namesIn(plan, (op) => functionOf(op) ?? libraryOf(op));
  return { prefix: '', candidates: names.map((value) => ({ value: `${value}=` })), open: true };
}

/** `score.workers=2`: a name of the plan, then a key. */
function stageSetting({ text, plan }: Asked): Answer {
  const [, name] = /^([^.=]*\.)/.exec(text) ?? [];
  if (text.includes('=')) return NOTHING;
  if (name === undefined)
    return { prefix: '', candidates: namesIn(plan, functionOf).map((value) => ({ value: `${value}.` })), open: true };
  return { prefix: name, candidates: STAGE_KEYS.map((key) => ({ value: `${key}=` })), open: true };
}

/** `replay` feeds the ingress that is named alone; the others want adapters, as for `run`. */
function fedIngress(asked: Asked): Answer {
  const answer = boundaryEnds(asked);
  if (answer.prefix !== '') return answer;
  return {
    ...answer,
    candidates: answer.candidates.flatMap(({ value }) => [{ value: value.slice(0, -1) }, { value }]),
  };
}

/** Ids of the boundaries, also of a plan that has errors. */
const boundariesOf = (path: string, kind: BoundaryKind): string[] =>
  entriesOf(path, 'boundaries').flatMap((entry) =>
    entry?.kind === kind && typeof entry.id === 'string' && /^[^\s=]+$/.test(entry.id) ? [entry.id] : [],
  );

/** What its stages have behind the colons of their ops. */
const namesIn = (path: string | undefined, nameOf: (op: string) => string | undefined): string[] => {
  const names = entriesOf(path, 'stages').flatMap((entry) =>
    typeof entry?.op === 'string' ? (nameOf(entry.op) ?? []) : [],
  );
  return [...new Set(names)];
};

type Entry = { readonly [key: string]: unknown } | null;

function entriesOf(path: string | undefined, list: 'boundaries' | 'stages'): readonly Entry[] {
  if (path === undefined) return [];
  try {
    // To open a FIFO would wait for its writer.
    const { size } = statSync(path);
    if (!statSync(path).isFile() || size > PLAN_TEXT_MAX) return [];
    const document = parsePlan(readFileSync(path)).document as { [list: string]: readonly Entry[] | undefined };
    return [...(document[list] ?? [])];
  } catch {
    return [];
  }
}
