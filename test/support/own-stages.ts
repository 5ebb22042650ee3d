/** Entries of stages that people write, for plans drawn at random: the programs and plug-ins of test/conformance. */
import type { Codec, StageEntry } from '../../lib/plan/document.js';
import type { Choices } from './choices.js';

/** What an entry must fit. */
export interface OwnPlace {
  readonly codec: Codec | undefined;
  /** Records are one struct from end to end: a stage has to keep it. */
  readonly keeps: boolean;
  readonly graph: boolean;
  /** Texts that a filter looks for. */
  readonly texts: readonly string[];
}

type Entry = Omit<StageEntry, 'id' | 'on_error'>;

export const OWN_OPS = [
  'js:each',
  'js:later',
  'js:batches',
  'js:each',
  'js:later',
  'js:batches',
  'native:odd',
  'native:starts_with',
  'native:words',
];

const DEEDS = [
  'pass',
  'change',
  'filter',
  'longer',
  'shorter',
  'same',
  'two',
  'throw',
  'yes',
  'none',
  'listed',
  'three',
  'wrong',
  'wrongSecond',
  'changeAndSay',
  'changeAndGive',
  'changeAndFilter',
  'changeAndThrow',
];

/** More than a function of these makes a record longer. */
const ROOMY = 64;

export function drawOwnEntry(choices: Choices, op: string, place: OwnPlace): Entry {
  return op.startsWith('js:') ? drawFunction(choices, op, place) : drawPlugin(choices, op, place);
}

/** Half of the decisions pass records on, so that there are some behind a few stages. */
function drawDeeds(choices: Choices): string[] {
  const some = Array.from({ length: choices.between(1, 5) }, () => choices.pick(DEEDS));
  return some.flatMap((deed) => [deed, choices.pick(['pass', 'change'])]);
}

function drawFunction(choices: Choices, op: string, { codec, keeps, graph }: OwnPlace): Entry {
  const isJson = codec === 'json' || (typeof codec === 'object' && codec.kind === 'json');
  const fields =
    typeof codec === 'object' && codec.kind === 'struct' ? codec.fields.map(({ name }) => name) : undefined;
  const config = { does: drawDeeds(choices), ...(isJson ? { json: true } : {}), ...(fields ? { fields } : {}) };
  const access = choices.pick([undefined, undefined, undefined, 'read'] as const);
  const emits = graph ? choices.pick([undefined, undefined, true, false]) : choices.pick([undefined, undefined, false]);
  const mayKeep = keeps || choices.chance(5);
  const room = graph ? ROOMY : choices.pick([ROOMY, 3, undefined]);
  return {
    op: op as StageEntry['op'],
    config,
    ...(access === undefined ? {} : { access }),
    ...(emits === undefined ? {} : { emits }),
    ...(emits === true ? { emits_max: choices.between(1, 4) } : {}),
    ...(choices.chance(6) ? { filters: false } : {}),
    ...(access === 'read' || room === undefined ? {} : { room }),
    ...(mayKeep && (access !== 'read' || emits === true) ? { keeps_layout: true } : {}),
  };
}

function drawPlugin(choices: Choices, op: string, { keeps, graph, texts }: OwnPlace): Entry {
  // None of them says that it may stand where nothing reads it.
  const read = { access: 'read' as const, ...(graph ? { sink: false } : {}) };
  const plain = texts.filter((text) => !text.includes('"'));
  switch (op) {
    case 'native:starts_with':
      return { op, ...read, config: { text: choices.pick(plain) } };
    case 'native:words':
      return keeps ? { op: 'native:odd', ...read } : { op, ...read };
    default: {
      const does = choices.pick(keeps ? ['sour', 'upper'] : ['sour', 'upper', 'grow']);
      if (does === 'sour') return { op: 'native:odd', ...read, config: { does } };
      const { sink } = read as { readonly sink?: boolean };
      const keep = keeps || (does === 'upper' && choices.chance(4));
      return {
        op: 'native:odd',
        config: { does },
        ...(sink === undefined ? {} : { sink }),
        ...(does === 'grow' ? { room: choices.between(1, 3) } : {}),
        ...(keep ? { keeps_layout: true } : {}),
      };
    }
  }
}
