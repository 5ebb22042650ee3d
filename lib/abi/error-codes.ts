/**
 * The ONE table of the codes that errors carry: what the core throws (native/core/coded_error.hpp, which has an enumerator for
 * each of its codes out of this table), what the library throws (lib/error/errors.ts, where a code that is not in it does not
 * compile), what `byteor explain` says and what docs/runtime.md and docs/journal.md list. Codes of diagnostics, which are about
 * a plan, have a table of their own (lib/validate/codes.ts). Pure; any thread.
 */

/** Classes of the errors that have a code. */
export type ErrorClass =
  | 'OptionError'
  | 'OpenError'
  | 'PortError'
  | 'ClosedError'
  | 'DeadlineError'
  | 'AbortedError'
  | 'RecordTooLargeError'
  | 'RecordError'
  | 'UsageError'
  | 'PipelineFailedError'
  | 'PlanError'
  | 'NoLaneGraphError'
  | 'RegionError';

/** What is written of one code. */
export interface ErrorCodeEntry<Class extends ErrorClass = ErrorClass> {
  /** Class of the errors that have the code. */
  readonly error: Class;
  /** Whose sources throw it: those of the C++ core, those of lib/, or both. */
  readonly thrownBy: 'core' | 'library' | 'both';
  /** What is wrong, without a full stop. */
  readonly title: string;
  /** What to do, as sentences. */
  readonly remedy: string;
  /** Where the documentation has more. */
  readonly page: string;
}

type ThrownBy = ErrorCodeEntry['thrownBy'];

const opening = (thrownBy: ThrownBy, title: string, remedy: string): ErrorCodeEntry<'OpenError'> => ({
  error: 'OpenError',
  thrownBy,
  title,
  remedy,
  page: 'docs/runtime.md#errors',
});

const journal = (title: string, remedy: string): ErrorCodeEntry<'OpenError'> => ({
  error: 'OpenError',
  thrownBy: 'core',
  title,
  remedy,
  page: 'docs/journal.md#opening',
});

const using = <const Class extends ErrorClass>(
  error: Class,
  title: string,
  remedy: string,
  page: string,
  thrownBy: ThrownBy = 'library',
): ErrorCodeEntry<Class> => ({ error, thrownBy, title, remedy, page });

/** `open` was refused: nothing was started, and no file was changed. */
const OPENING = {
  CPU_NOT_ALLOWED: opening(
    'core',
    'an option names a CPU that this process may not use',
    'Name CPUs of the allowed set, which `byteor doctor` shows, or leave `cpus` out.',
  ),
  INPUT_OPEN: opening(
    'both',
    'an input file cannot be opened',
    'The message has the path and the reason: correct either.',
  ),
  MEMORY_LIMIT: opening(
    'library',
    'the pipeline needs more memory than the control group or the machine has room for',
    'Ask for less (`capacity`, `arenaBytes`, `laneBytes`; `byteor describe` lists every byte), or raise the limit.',
  ),
  NATIVE_ERROR: opening(
    'core',
    'the core refused a call in a way that has no code of its own: the addon is of another version than the package',
    'Install byteor again, or compile the addon with `npx byteor build`; if that does not help, report the message.',
  ),
  NO_DEAD_LETTERS: opening(
    'core',
    'a stage or boundary has `on_error: dead_letter`, and no folder for letters was given',
    'Give one: `deadLetters: { folder }`, on the command line `--dead-letters DIR`.',
  ),
  NO_MEMORY: opening(
    'core',
    'the system refused memory',
    'Use smaller sizes, or fewer shards or keys of a `count`; end what else takes memory.',
  ),
  NO_RESOURCE: opening(
    'core',
    'the system refused something other than memory or threads that a start needs',
    'The message says what; `byteor doctor` shows the limits.',
  ),
  NO_THREAD: opening(
    'core',
    'the system gives no more threads; those that had started were joined',
    'Ask for fewer (`threads`), or raise the limit of the user or the control group.',
  ),
  OBSERVE_FOLDER: opening(
    'core',
    'with `observe` there is no folder, or no room in it, for the file of the memory',
    'Set `XDG_RUNTIME_DIR`, give `/dev/shm` more room, or leave `observe` out; `byteor doctor` shows the folders.',
  ),
  OP_UNAVAILABLE: opening(
    'both',
    'the plan has an op of yours that nothing runs: a `js:` op without a function, or a `native:` op without a library',
    'Give `open` in `stages` the function of each `js:` op (or `"attach"` where another thread brings it), and the library of each `native:` op.',
  ),
  OPTION_RANGE: opening(
    'core',
    'an option is outside of what this plan and this machine allow',
    'The message has the option, its value and the limits.',
  ),
  OUTPUT_BUSY: opening(
    'core',
    'another pipeline writes the output file, or reads the file that would be truncated',
    'Write to another file, or end the other pipeline first. Name outputs by process where there are several.',
  ),
  OUTPUT_OPEN: opening(
    'both',
    'an output file cannot be opened',
    'The message has the path and the reason: correct either.',
  ),
  PLUGIN_ABI: opening(
    'core',
    'a plug-in was compiled against another version of `byteor_plugin.h`, or its table lacks a call',
    'Compile it with the header of the installed package (`native/plugin`), and fill in its table.',
  ),
  PLUGIN_LOAD: opening(
    'both',
    'the shared library of a stage `native:` cannot be found or loaded, or does not export `byteor_plugin`',
    'The message has the path and the reason: correct either.',
  ),
  PLUGIN_REFUSED: opening(
    'core',
    'a plug-in refuses the config of its stage, or does more to records than the plan declares',
    'The message says what: correct the config, or declare in the plan what the plug-in does.',
  ),
  PORT_KIND: opening(
    'core',
    'a port does not suit its end, or the core has no such adapter or key',
    '`byteor capabilities` lists the adapters of each side; where the core lacks one of them, install byteor again.',
  ),
  PORT_UNKNOWN: opening(
    'core',
    '`ports` names an end that the plan does not have',
    'The message lists the ends of the plan.',
  ),
  REGION_TOO_LARGE: opening(
    'core',
    'the memory of the pipeline has more than the 4 GiB that Node can show to JavaScript',
    'Ask for less, or give every end a native port: then there is no such limit.',
  ),
  SAME_FILE: opening(
    'core',
    'the input is also the output, or the journal that is replayed is one that the plan writes',
    'Name another file or folder for one of them.',
  ),
  SHARD_KEY: opening(
    'core',
    'lines or records cannot be spread over several shards without a key',
    'Give the plan a `shard_key`, or one shard.',
  ),
  SPEC_DAMAGED: opening(
    'core',
    'the core cannot read the compiled plan: it was changed, or it is of another version of byteor',
    'Compile the plan again with the installed version.',
  ),
  STAGE_MODULE: opening(
    'library',
    'the module of a stage does not exist, is no file, or is TypeScript that this Node does not strip',
    'The message has the path: correct it, or compile the module.',
  ),
  STAGE_START: opening(
    'library',
    'the `start` of a stage of yours threw, or returned a promise',
    'The message has the stage and what was thrown, which is its `cause`. A pipeline that was just opened has been halted.',
  ),
} as const;

/** Of the files of a journal. All but JOURNAL_WRITE and JOURNAL_READ come from opening, before anything is changed. */
const JOURNAL = {
  JOURNAL_CODEC: journal(
    'the records are of another codec or struct layout than the plan',
    'Open it with the plan that wrote it and let that drain; begin another folder for the new layout.',
  ),
  JOURNAL_CURSOR: journal(
    'the file with the position of the reader cannot be believed, or belongs to another journal',
    'Put back the file that belongs there. Without one, `byteor replay` still reads the records.',
  ),
  JOURNAL_DAMAGED: journal(
    'a header or a record does not match its checksum, or a finished segment has another length',
    'Keep a copy of the folder. The message has file and offset; `byteor replay` reads what is before.',
  ),
  JOURNAL_FOREIGN: journal(
    'a file that is not a segment, or one of another journal, or under another name',
    'Move it out of the folder.',
  ),
  JOURNAL_FORMAT: journal('the files have another format version', 'Open them with the version that wrote them.'),
  JOURNAL_GAP: journal(
    'a segment is missing, or the sequence asked for has been removed or not been written yet',
    'Put the file back, or ask for a sequence that is there: the message has the range.',
  ),
  JOURNAL_LOCKED: journal(
    'another pipeline writes this journal, or one that has ended still waits for its device',
    'End the other one, or name another folder. One process writes a folder.',
  ),
  JOURNAL_OPEN: journal(
    'the folder or a file cannot be made, opened or listed',
    'Look at permissions, free space, and whether the file system is read-only.',
  ),
  JOURNAL_READ: journal(
    'the device failed while reading, or a record is longer than the record maximum',
    'The message says which: raise `recordMax`, or look at the device.',
  ),
  JOURNAL_WRITE: journal(
    'the device failed while writing or syncing, the disk is full, or another program changed a file',
    'Make room or mend the device, then open the folder again: what was promised is there.',
  ),
} as const;

const HANDLES = 'docs/handles.md#waits';
const ENDS = 'docs/handles.md#threads';
const RECORDS = 'docs/handles.md#records-and-codecs';

/** Of a pipeline that runs, and of handles. */
const RUNNING = {
  BAD_OPTION: using(
    'OptionError',
    'an option is not of its type or range',
    'The message has what is allowed.',
    'docs/runtime.md#options',
  ),
  NO_SUCH_PORT: using(
    'PortError',
    'the plan has no such ingress or egress',
    'The message lists those that it has.',
    ENDS,
  ),
  NOT_A_JS_PORT: using(
    'PortError',
    'native code runs this end, so JavaScript cannot take it',
    'Open it with the port `js`, or leave its port out.',
    'docs/runtime.md#options',
  ),
  PORT_TAKEN: using(
    'PortError',
    'another thread has this end',
    'Let it `release()` the handle, or give each thread an ingress of its own.',
    ENDS,
  ),
  NO_SUCH_PIPELINE: using(
    'PortError',
    'no pipeline of this process has that number',
    'Post `pipeline.number` of a pipeline that is still open.',
    'docs/runtime.md#workers',
  ),
  CLOSED: using('ClosedError', 'the ingress, the pipeline or the handle was closed', 'Push no more.', HANDLES),
  DEADLINE: using(
    'DeadlineError',
    'the deadline of a wait passed',
    'What was waited for has not happened: try again, or give up.',
    HANDLES,
  ),
  ABORT_ERR: using(
    'AbortedError',
    'the signal of a wait was aborted',
    'The reason of the signal is the `cause`.',
    HANDLES,
  ),
  TOO_LARGE: using(
    'RecordTooLargeError',
    'a record is longer than the pipeline takes',
    'Raise `recordMax`, `arenaBytes` or `laneBytes`, or refuse the record (413).',
    'docs/handles.md#push',
  ),
  BAD_RECORD: using('RecordError', 'the codec cannot take the value', '`field` and `index` say where.', RECORDS),
  WRONG_USE: using(
    'UsageError',
    'a handle cannot be used so at that moment',
    'The message has the rule.',
    'docs/handles.md',
    'both',
  ),
  PIPELINE_FAILED: using(
    'PipelineFailedError',
    'a record failed, and the pipeline has ended',
    '`failure` has stage, sequence and cause.',
    'docs/runtime.md#a-failure',
  ),
} as const;

/** Of what needs no pipeline: compiling a plan, writing it as another, reading the memory of a process. */
const READING = {
  BAD_REGION: using(
    'RegionError',
    'bytes that are not the memory of a pipeline, or are damaged, or of another version of byteor',
    'The message says what was found and where. Read the memory of a pipeline with the version that made it.',
    'docs/runtime.md#the-snapshot',
    'both',
  ),
  NO_LANE_GRAPH: using(
    'NoLaneGraphError',
    'a plan cannot be written as a LaneGraph that does the same',
    'The message says what stands in the way: only a chain of stages on one ring has such a document.',
    'docs/cli.md#view',
  ),
  PLAN_ERRORS: using(
    'PlanError',
    'a plan with errors was given to `compile`',
    '`diagnostics` has all of them, and the message lists them; `validate` tells them without an exception.',
    'docs/diagnostics.md',
  ),
} as const;

/** Every code. */
export const ERROR_CODES = { ...OPENING, ...JOURNAL, ...RUNNING, ...READING } as const;

/** Code of an error of byteor: stable, and may be compared. `byteor explain CODE` says what it means and what to do. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The codes that errors of one class have. */
export type ErrorCodeOf<Class extends ErrorClass> = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code] extends ErrorCodeEntry<Class> ? Code : never;
}[ErrorCode];

/** Code of an OpenError. */
export type OpenErrorCode = ErrorCodeOf<'OpenError'>;

/** Code of a PortError. */
export type PortErrorCode = ErrorCodeOf<'PortError'>;

/** The codes in groups, as they are listed. */
export const ERROR_CODE_GROUPS = {
  'Errors of open': OPENING,
  'Errors of a journal': JOURNAL,
  'Errors of handles and waits': RUNNING,
  'Errors of plans and of what is read': READING,
} as const satisfies Readonly<Record<string, Readonly<Record<string, ErrorCodeEntry>>>>;

/** Whether a text is one of the codes. */
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);

/** The codes that the core throws: what its enumerators are made of. */
export const CORE_ERROR_CODES: readonly ErrorCode[] = (Object.keys(ERROR_CODES) as ErrorCode[]).filter(
  (code) => ERROR_CODES[code].thrownBy !== 'library',
);
