/**
 * The one door from a document to a checked plan. Every pass looks at the whole document and only notes; nothing is
 * repaired, nothing of the environment is read, and nothing throws. Pure; any thread.
 */
import type { Diagnostic } from '../plan/diagnostic.js';
import type { CheckedPlan, PipelinePlanV2 } from '../plan/document.js';
import { type Finding, type Locate, report } from '../plan/finding.js';
import { OP_CATALOG, type OpCatalog } from '../plan/op-catalog.js';
import { ParsedPlan, type ParseOptions, parsePlan } from '../plan/parse.js';
import { snapshot } from '../plan/plain.js';
import { checkCodecs } from './codecs.js';
import { CODES } from './codes.js';
import { checkConnections } from './graph-connections.js';
import { checkLanes } from './graph-lanes.js';
import { checkPolicies, checkStageKeys } from './graph-policies.js';
import { checkGraphShape } from './graph-shape.js';
import { checkIds } from './ids.js';
import { buildModel, type Features, type Note } from './model.js';
import { checkOps } from './ops.js';
import { checkRecordCodecs } from './record-codecs.js';
import { recordFlow } from './record-flow.js';
import { checkRaces } from './ring-races.js';
import { checkRingRules } from './ring-rules.js';
import { checkRingStages } from './ring-stages.js';
import { checkSetFields } from './set-field.js';
import { checkShape } from './shape.js';
import { checkWhere } from './where.js';

/** What a validation is made against. */
export interface ValidateOptions {
  /** LaneGraph features that the runtime has; both are on where nothing is said. */
  readonly features?: Partial<Features> | undefined;
  /**
   * The ops that a plan may name besides those of callers; the built-in ones where nothing is said.
   * @internal
   */
  readonly catalog?: OpCatalog | undefined;
}

/** What `validate` answers; `ok` tells the two apart. */
export type Validation<P extends PipelinePlanV2 = PipelinePlanV2> =
  | {
      /** The plan may be compiled. */
      readonly ok: true;
      /** A deep-frozen copy of the document; defaults are not filled in. */
      readonly plan: CheckedPlan<P>;
      /** Warnings only. */
      readonly diagnostics: readonly Diagnostic[];
    }
  | {
      /** The plan has errors. */
      readonly ok: false;
      /** Errors and warnings, in the order of the document. */
      readonly diagnostics: readonly Diagnostic[];
    };

/**
 * Validates a plan given as JavaScript values, or one that `parsePlan` read. All errors in one run, in a stable order.
 * The input is only read. Never throws.
 */
export function validate<const P extends PipelinePlanV2>(plan: P, options?: ValidateOptions): Validation<P>;
export function validate(plan: unknown, options?: ValidateOptions): Validation;
export function validate(plan: unknown, options: ValidateOptions = {}): Validation {
  const against = againstOf(options);
  if (!(plan instanceof ParsedPlan)) {
    const known = checkedBefore(plan, against);
    if (known !== undefined) return conclude(plan, known, undefined, nowhere);
    const { document, findings } = snapshot(plan);
    const more = document === undefined ? [] : check(document, against);
    return remember(conclude(document, [...findings, ...more], undefined, nowhere), more, against);
  }
  if (plan.document === undefined) return conclude(undefined, plan.findings, plan.file, plan.locate);
  const findings = check(plan.document, against);
  return remember(conclude(plan.document, [...plan.findings, ...findings], plan.file, plan.locate), findings, against);
}

/** Of values that did not come from a text. */
const nowhere: Locate = () => undefined;

/** What a validation is made against, with nothing left out. */
interface Against {
  readonly features: Features;
  readonly catalog: OpCatalog;
}

const againstOf = ({ features, catalog = OP_CATALOG }: ValidateOptions): Against => ({
  features: { lane_graph_journal: true, lane_graph_fanout: true, ...features },
  catalog,
});

/**
 * What the rules found in checked plans (warnings), which are frozen: `compile(validation.plan)` does not check it again. What
 * the reader of a text said stays out, as it does where a plan comes as values.
 */
const CHECKED = new WeakMap<object, { readonly findings: readonly Finding[]; readonly against: Against }>();

function remember(validation: Validation, findings: readonly Finding[], against: Against): Validation {
  if (validation.ok) CHECKED.set(validation.plan, { findings, against });
  return validation;
}

function checkedBefore(plan: unknown, { features, catalog }: Against): readonly Finding[] | undefined {
  const known = typeof plan === 'object' && plan !== null ? CHECKED.get(plan) : undefined;
  if (known === undefined || known.against.catalog !== catalog) return undefined;
  const { lane_graph_journal, lane_graph_fanout } = known.against.features;
  const same = lane_graph_journal === features.lane_graph_journal && lane_graph_fanout === features.lane_graph_fanout;
  return same ? known.findings : undefined;
}

/** Reads and validates plan text (JSON or YAML), or its UTF-8 bytes. Never throws. */
export function validateText(text: string | Uint8Array, options: ParseOptions & ValidateOptions = {}): Validation {
  return validate(parsePlan(text, options) as unknown, options);
}

function check(document: unknown, { features, catalog }: Against): Finding[] {
  const findings: Finding[] = [];
  const note: Note = (finding) => findings.push({ ...finding, severity: CODES[finding.code].severity });
  const accounted = checkShape(document, note);
  const model = buildModel(document, accounted, features, catalog);
  checkIds(model, note);
  checkOps(model, note);
  checkCodecs(model, note);
  checkRingRules(model, note);
  checkRingStages(model, note);
  checkRaces(model, note);
  const graph = model.graph === undefined ? undefined : checkConnections(model, note);
  if (graph !== undefined) {
    checkGraphShape(model, graph, note);
    checkLanes(model, graph, note);
    checkPolicies(model, graph, note);
  }
  const arrivals = recordFlow(model, graph);
  checkStageKeys(model, arrivals, note);
  // Few plans write fields, and the rule's module loads with its first use.
  if (model.stages.some(({ op }) => model.catalog.get(op ?? '')?.fields !== undefined))
    checkSetFields(model, arrivals, note);
  // Likewise expressions, with the library that reads them.
  if (model.stages.some(({ op, config }) => model.catalog.get(op ?? '')?.failsWith?.(config) === true))
    checkWhere(model, arrivals, note);
  checkRecordCodecs(model, arrivals, note);
  return findings;
}

function conclude(
  document: unknown,
  findings: readonly Finding[],
  file: string | undefined,
  locate: Locate,
): Validation {
  const diagnostics = report(findings, document, file, locate);
  const ok = findings.every((finding) => finding.severity === 'warning');
  // The one place where a document becomes a checked plan: every rule has seen it.
  return ok ? { ok, plan: document as CheckedPlan, diagnostics } : { ok, diagnostics };
}
