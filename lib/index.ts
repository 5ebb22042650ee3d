export type { DescribeOptions, Description, GraphDescription, RingDescription } from './describe/describe.js';
export { describePlan } from './describe/describe.js';
export { describeText } from './describe/describe-text.js';
export { planDot } from './describe/dot.js';
export type { InsertRule, InsertRuleEntry } from './lower/graph-rules.js';
export { explainRule, INSERT_RULES } from './lower/graph-rules.js';
export { definePlan } from './plan/builder.js';
export type { FieldLayout, ScalarKind, StructLayout } from './plan/codec-layout.js';
export { layoutOf } from './plan/codec-layout.js';
export type { Diagnostic } from './plan/diagnostic.js';
export type * from './plan/document.js';
export type * from './plan/infer.js';
export { planJsonSchema } from './plan/json-schema.js';
export type { OpAccess, OpEntry, OpTraits } from './plan/op-catalog.js';
export { OP_CATALOG } from './plan/op-catalog.js';
export type { ParsedPlan, ParseOptions } from './plan/parse.js';
export { parsePlan } from './plan/parse.js';
export type { ClaimWriter } from './runtime/claim-writer.js';
export type {
  EgressCounts,
  Imbalance,
  IngressCounts,
  InsertedCounts,
  JournalCounts,
  LaneCounts,
  Ledger,
  StageCounts,
} from './runtime/counters.js';
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
export type { Failure } from './runtime/failure.js';
export type { LaneReaderSnapshot, LaneSnapshot } from './runtime/graph-snapshot.js';
export type { LatencySummary } from './runtime/histogram.js';
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
export { RegionError } from './runtime/region.js';
export type { ChecksumReport, CountReport, ReportOf, Reports } from './runtime/reports.js';
export type { AgentSnapshot, AgentStateName, BlockedOn, Snapshot, ThreadSnapshot } from './runtime/snapshot.js';
export { readSnapshot } from './runtime/snapshot.js';
export type { ReadableOptions, WritableOptions } from './runtime/streams.js';
export type { WaitOptions } from './runtime/waiting.js';
export type { CodeEntry, DiagnosticCode } from './validate/codes.js';
export { explain } from './validate/codes.js';
export type { Features } from './validate/model.js';
export type { ValidateOptions, Validation } from './validate/validate.js';
export { validate, validateText } from './validate/validate.js';
export type { PlanChange, PlanDiff } from './version/diff.js';
export { diffPlans } from './version/diff.js';
export { diffText } from './version/diff-text.js';
export { planId } from './version/id.js';
export { PlanError } from './version/plan-error.js';
export type {
  GraphLaneReport,
  InsertCost,
  InsertedElement,
  LaneReport,
  RingLaneReport,
  Role,
  RoleKind,
  VersionReport,
} from './version/report.js';
export type { Version, VersionSummary } from './version/version.js';
export { compile } from './version/version.js';
export { asLaneGraph, NoLaneGraphError } from './view/as-lane-graph.js';
export type {
  Canvas,
  GraphCanvas,
  GraphCanvasEdge,
  GraphCanvasNode,
  RingCanvas,
  RingCanvasStage,
  ViewedPlan,
} from './view/canvas.js';
export { viewAsGraph, viewAsRing } from './view/canvas.js';
export { canvasText } from './view/canvas-text.js';
