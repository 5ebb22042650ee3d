/** What stands of records that fail: part of the one definition (definition.ts), which hands it on. */

import { struct } from './struct.js';

/** What a stage does with a record that failed in it: native/lane/failed_records.hpp. */
export const onErrorCodes = { Stop: 0, Drop: 1, Pass: 2, DeadLetter: 3 } as const;

/** As `on_error` has them. */
export const onErrorWords = { Stop: 'stop', Drop: 'drop', Pass: 'pass', DeadLetter: 'dead_letter' } as const;

/**
 * Why a record failed, as it is counted. Rejected: the op refused it, and says why. TooLarge: longer than the lane behind the
 * stage takes. NoRoom: what should replace it is longer than its slot's room. Damaged: its header was overwritten. TooMany:
 * more elements of one record than the stage declares. BadAnswer: the op's answer is none. Thrown: code of a user threw, or its
 * promise was rejected. BadRecord: the codec cannot take it.
 */
export const failureCauses = {
  Rejected: 0,
  TooLarge: 1,
  NoRoom: 2,
  Damaged: 3,
  TooMany: 4,
  BadAnswer: 5,
  Thrown: 6,
  BadRecord: 7,
} as const;

/** As the ledger has them. */
export const failureCauseWords = {
  Rejected: 'REJECTED',
  TooLarge: 'TOO_LARGE',
  NoRoom: 'NO_ROOM',
  Damaged: 'DAMAGED',
  TooMany: 'TOO_MANY',
  BadAnswer: 'BAD_ANSWER',
  Thrown: 'THROWN',
  BadRecord: 'BAD_RECORD',
} as const;

/** How many causes there are: a counter each. */
export const FAILURE_CAUSES = Object.keys(failureCauses).length;

export const LetterHeader = struct(
  'LetterHeader',
  'First bytes of a letter: a record that failed under DeadLetter. Its message and the record follow.',
  [
    ['sequence', 'u64', 'of the record in its shard; in a LaneGraph its place in the order of its ingress'],
    ['agent', 'u32', 'index into AgentEntry'],
    ['cause', 'u32', 'FailureCause'],
    ['message_length', 'u32', 'bytes of UTF-8 behind this header, at most CAUSE_BYTES_MAX'],
    ['record_length', 'u32', 'bytes of the record as its element received it, behind the message'],
    ['record_flags', 'u32', 'TerminatorCode in the low bits, LETTER_CUT'],
    ['shard', 'u32', 'where one lane is of several shards; else zero, and the lane says it'],
  ],
);

/**
 * What stands in a journal of letters. Begun: letters that are being fed again, in place of those of the Begun before it. Done:
 * letters that were delivered.
 */
export const letterKinds = { Letter: 1, Begun: 2, Done: 3 } as const;

export const LetterRecord = struct(
  'LetterRecord',
  'First bytes of a record of a journal of letters: plan, element, ingress, code, message and body follow, in that order.',
  [
    ['version', 'u32', 'LETTER_VERSION'],
    ['kind', 'u32', 'LetterKind'],
    ['sequence', 'u64', 'of the record, as LetterHeader has it'],
    ['origin', 'u64', 'number of the letter that the record was fed again from; 2^64-1: none'],
    ['first_ms', 'f64', 'when the record failed for the first time, milliseconds since 1970'],
    ['last_ms', 'f64', 'when it failed for the last time'],
    ['shard', 'u32', 'of a SingleRing; 0 in a LaneGraph'],
    ['attempt', 'u32', 'how often it has failed, from 1'],
    ['record_flags', 'u32', 'as LetterHeader has it'],
    ['plan_length', 'u32', 'bytes: id of the version, hex'],
    ['element_length', 'u32', 'bytes: id of the stage or boundary'],
    ['ingress_length', 'u32', 'bytes: id of the ingress; 0 where several are upstream'],
    ['code_length', 'u32', 'bytes: word of the FailureCause'],
    ['message_length', 'u32', 'bytes of UTF-8'],
    [
      'body_length',
      'u32',
      'bytes: the record as its element received it; Begun and Done: u64 each, numbers of letters',
    ],
    ['reserved', 'u32', 'zero'],
  ],
);

export const LetterOrigin = struct('LetterOrigin', 'Of a record that is fed again: the letter that it comes from.', [
  ['number', 'u64', 'its sequence in the journal of letters'],
  ['first_ms', 'f64', 'as LetterRecord has it'],
  ['attempt', 'u32', 'as LetterRecord has it'],
]);
