/**
 * Everything that the runtime can throw or reject with. Control path only: the hot path answers with statuses. Each
 * class has a stable `code` of the one table (lib/abi/error-codes.ts); docs/runtime.md lists them. Pure; any thread.
 */

import type { ErrorCode, OpenErrorCode, PortErrorCode } from '../abi/error-codes.js';
import { type Failure, failedAt } from '../region/failure.js';

/** Base of all errors of a running pipeline. `code` is stable and may be compared. */
export class ByteorError extends Error {
  /** Name of the class. */
  override readonly name: string = 'ByteorError';
  /** Stable word for the cause, like `BAD_OPTION`; docs/runtime.md lists them. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `open`, or a wait, was given an option that it cannot take. Nothing was started. */
export class OptionError extends ByteorError {
  override readonly name = 'OptionError';
  /** The option's name, with its place inside `ports` where it is one of them. */
  readonly option: string;
  /** The value that was given. */
  readonly received: unknown;

  constructor(option: string, received: unknown, message: string) {
    super('BAD_OPTION', message);
    this.option = option;
    this.received = received;
  }
}

/** The spec, an option or the machine makes opening impossible; `code` comes from the core and says which. */
export class OpenError extends ByteorError {
  override readonly name = 'OpenError';
  /** What made it impossible. */
  declare readonly code: OpenErrorCode;

  constructor(code: OpenErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** Something that this thread cannot have: a boundary that is unknown, run natively or held elsewhere, or a pipeline that is gone. */
export class PortError extends ByteorError {
  override readonly name = 'PortError';
  /** What is in the way. */
  declare readonly code: PortErrorCode;
  /** Boundary id, or number of the pipeline, as asked for. */
  readonly port: string;

  constructor(code: PortErrorCode, port: string, message: string) {
    super(code, message);
    this.port = port;
  }
}

/** The ingress, the handle or the pipeline has been closed, so that what was asked for can never happen. */
export class ClosedError extends ByteorError {
  override readonly name = 'ClosedError';

  constructor(message: string) {
    super('CLOSED', message);
  }
}

/** A wait ended because its `deadline` (milliseconds from the call) passed. What it waited for did not happen. */
export class DeadlineError extends ByteorError {
  override readonly name = 'DeadlineError';

  constructor(message: string) {
    super('DEADLINE', message);
  }
}

/** A wait ended because its `signal` was aborted; `cause` is the signal's reason. Name and code are Node's own. */
export class AbortedError extends ByteorError {
  override readonly name = 'AbortError';

  constructor(what: string, cause: unknown) {
    super('ABORT_ERR', `${what} was aborted by its signal`, { cause });
  }
}

/** A record has more bytes than `recordMax`. Nothing was pushed; it is counted. */
export class RecordTooLargeError extends ByteorError {
  override readonly name = 'RecordTooLargeError';

  constructor(message: string) {
    super('TOO_LARGE', message);
  }
}

/**
 * A value that the boundary's codec cannot take, or bytes that it cannot read. It was not pushed; of a batch, the records
 * before it were.
 */
export class RecordError extends ByteorError {
  override readonly name = 'RecordError';
  /** Struct: the field whose value it was. */
  readonly field: string | undefined;
  /** Of a batch: index of the record in the array. */
  readonly index: number | undefined;

  constructor(message: string, field?: string, index?: number) {
    super('BAD_RECORD', message);
    this.field = field;
    this.index = index;
  }
}

/** A handle was used in a way that makes no sense at that moment (a poll inside a poll, a publish without a claim). */
export class UsageError extends ByteorError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super('WRONG_USE', message);
  }
}

/** A record failed and stopped the pipeline. Thrown by waits and `for await`, after the last good record. */
export class PipelineFailedError extends ByteorError {
  override readonly name = 'PipelineFailedError';
  /** The first failure: stage, shard, sequence and cause. */
  readonly failure: Failure;

  constructor(failure: Failure) {
    super('PIPELINE_FAILED', `"${failure.stage}" failed at ${failedAt(failure)}: ${failure.cause}`);
    this.failure = failure;
  }
}
