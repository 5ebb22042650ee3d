/** `byteor`: plans, and the pipelines of this process that run them. */
export * from './observe/facts.js';
export * from './plan.js';
export type { ClaimWriter } from './runtime/claim-writer.js';
export type { ColumnRows, FieldColumn, NumberColumn, PolledRows, RecordColumns } from './runtime/columns.js';
export {
  AbortedError,
  ByteorError,
  ClosedError,
  DeadlineError,
  OpenError,
  OptionError,
  PipelineFailedError,
  PortError,
  RecordError,
  RecordTooLargeError,
  UsageError,
} from './runtime/errors.js';
export type { Capabilities } from './runtime/machine.js';
export { capabilities } from './runtime/machine.js';
export { attach, open } from './runtime/open.js';
export type { OpenOptions, OpenOptionsOf, Port, ReplayPort } from './runtime/options.js';
export type { Pipeline, StopOptions } from './runtime/pipeline.js';
export { STOP_DEADLINE_MS } from './runtime/pipeline.js';
export type { PollHandle, RecordCursor } from './runtime/poll.js';
export { POLL_LIMIT } from './runtime/poll.js';
export type { PushHandle } from './runtime/push.js';
export type { PushOutcome } from './runtime/push-status.js';
export { PushStatus } from './runtime/push-status.js';
export type { ChecksumReport, CountReport, ReportOf, Reports } from './runtime/reports.js';
export type { ReadableOptions, WritableOptions } from './runtime/streams.js';
export type { WaitOptions } from './runtime/waiting.js';
