/** `byteor`: plans, and the pipelines of this process that run them. */

export type { ErrorCode, OpenErrorCode, PortErrorCode } from './abi/error-codes.js';
export type {
  LinesEgress,
  LinesEgressShort,
  LinesIngress,
  LinesIngressShort,
} from './adapter/lines/lines.js';
export type { AdapterPort, EgressPort, IngressPort, Port } from './adapter/registry.js';
export type { Pace, ReplayIngress, ReplayPort } from './adapter/replay/replay.js';
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
} from './error/errors.js';
export type { ClaimWriter } from './handle/claim-writer.js';
export type { ColumnRows, FieldColumn, NumberColumn, PolledRows, RecordColumns } from './handle/columns.js';
export type { JsonRecord } from './handle/json-view.js';
export type { PollHandle, RecordCursor } from './handle/poll.js';
export { POLL_LIMIT } from './handle/poll.js';
export type { PushHandle } from './handle/push.js';
export type { PushOutcome } from './handle/push-status.js';
export { PushStatus } from './handle/push-status.js';
export type { ReadableOptions, WritableOptions } from './handle/streams.js';
export type { WaitOptions } from './handle/waiting.js';
export type { NativeStage } from './host/native-stages.js';
export type {
  BatchRecord,
  SomeStagesOf,
  StageAnswer,
  StageCode,
  StageContext,
  StageFunction,
  StageNames,
  StageOfBatches,
  StageOfFunction,
  StageOfModule,
  StageRecords,
  StagesOf,
} from './host/stage-functions.js';
export * from './observe/facts.js';
export * from './plan.js';
export type { AttachOptions } from './runtime/attach.js';
export { attach } from './runtime/attach.js';
export type { DeadLetter, DeadLetterRecord, DeadLetters } from './runtime/dead-letters.js';
export { deadLetters, pruneDeadLetters } from './runtime/dead-letters.js';
export type { Capabilities } from './runtime/machine.js';
export { capabilities } from './runtime/machine.js';
export { open } from './runtime/open.js';
export type { OpenArguments, OpenOptions, OpenOptionsOf } from './runtime/options.js';
export type { Pipeline, StopOptions } from './runtime/pipeline.js';
export { STOP_DEADLINE_MS } from './runtime/pipeline.js';
export type { Redrive, RedriveOptions, RedriveResult } from './runtime/redrive.js';
export { redrive } from './runtime/redrive.js';
export type { ChecksumReport, CountReport, ReportOf, Reports } from './runtime/reports.js';
export type {
  AdapterStatus,
  AdaptersOf,
  GraphSizes,
  LaneSizes,
  MachineRequest,
  PipelineStatus,
  RegionStatus,
  RequestOutcome,
  RequestState,
  RingSizes,
  SinkStatus,
  SizesOf,
  SourceStatus,
  StageStatus,
  ThreadStatus,
} from './runtime/status.js';
