/** The adapter `replay`: an ingress that gets the records of a journal (docs/journal.md). Pure; any thread. */
import { type Config, type ConfigProblem, defineAdapter } from '../adapter.js';

/** As fast as records are taken, or with the time that lay between them. */
export type Pace = 'fast' | 'recorded';
export const PACES: readonly Pace[] = ['fast', 'recorded'];

interface ReplayStart {
  /** Journal sequence of the first record. Default: the oldest that there is. */
  readonly from?: number;
  /** The last so many records, instead of `from`. */
  readonly last?: number;
  /**
   * The folder holds letters: the records of those with these numbers, like `0-4,7`. `byteor dead-letters redrive` feeds them so.
   */
  readonly letters?: string;
  /** `fast`: as fast as they are taken (default). `recorded`: with the time that lay between them; Linux only. */
  readonly pace?: Pace;
}

/** An ingress that gets the records of a journal. */
export interface ReplayIngress extends ReplayStart {
  /** The records of a journal. */
  readonly adapter: 'replay';
  /** The folder of one Journal lane, with its segment files. Records must be of the ingress's codec. */
  readonly folder: string;
}

/** Short form of `ReplayIngress`. */
export interface ReplayPort extends ReplayStart {
  /** The folder of one Journal lane, with its segment files. Records must be of the ingress's codec. */
  readonly replay: string;
  /** The long form has it. */
  readonly adapter?: never;
}

/** Sequences of a journal are positions of records: exact as JS numbers up to here. */
const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;

const startsOnce = ({ from, last, letters, pace }: Config): ConfigProblem | undefined => {
  if (letters !== undefined && (from !== undefined || last !== undefined || pace === 'recorded'))
    return {
      key: 'letters',
      received: letters,
      remedy: 'letters are fed from the first one on, as fast as they are taken',
    };
  return from === undefined || last === undefined
    ? undefined
    : { key: 'last', received: last, remedy: '"from" was given too; a replay begins at one of them' };
};

export const replay = defineAdapter<{ ingress: ReplayIngress | ReplayPort }>({
  name: 'replay',
  sides: { ingress: 'the records of a journal, from its folder' },
  keys: {
    folder: {
      type: 'text',
      required: true,
      placeholder: 'FOLDER',
      completes: 'folders',
      give: "the path of a journal's folder",
      help: 'The folder of one Journal lane, with its segment files.',
    },
    from: {
      type: 'integer',
      min: 0,
      max: SEQUENCE_MAX,
      help: 'Journal sequence of the first record, instead of the oldest that there is.',
    },
    last: { type: 'integer', min: 1, max: SEQUENCE_MAX, help: 'The last so many records, instead of `from`.' },
    letters: {
      type: 'text',
      placeholder: 'NUMBERS',
      give: 'numbers of letters in their order, like 0-4,7',
      help: 'The folder holds letters: the records of those with these numbers, like `0-4,7`.',
    },
    pace: {
      type: 'word',
      words: PACES,
      default: 'fast',
      help: '`fast`: as fast as they are taken. `recorded`: with the time that lay between them; Linux only.',
    },
  },
  target: 'folder',
  flags: [],
  short: true,
  file: false,
  rereads: true,
  check: startsOnce,
});
