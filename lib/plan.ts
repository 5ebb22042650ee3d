/**
 * `byteor/plan`: all that is known of a plan without running it. Builds, reads, validates, compiles, describes and draws
 * plans; needs no addon and nothing of Node, so it runs in a browser too (a test bundles it and looks for `node:`).
 */
export type { DescribeOptions, Description, GraphDescription, RingDescription } from './describe/describe.js';
export { describePlan } from './describe/describe.js';
export { describeText } from './describe/describe-text.js';
export { planDot } from './describe/dot.js';
export type {
  HostedStageDescription,
  NativeStageDescription,
  OwnStageDescription,
  StageCopies,
} from './describe/own-stages.js';
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
