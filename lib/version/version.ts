/**
 * Emit: a plan that validation accepted becomes a version, which never changes again: its id, canonical text, lowered
 * form, buffer and report. `compile` is the whole way from a document to a version. Pure; any thread.
 */

import { encodeSpec } from '../lower/encode.js';
import { lowerGraph } from '../lower/graph.js';
import { lowerRing } from '../lower/ring.js';
import type { GraphSpec, RingSpec } from '../lower/spec.js';
import type { Diagnostic } from '../plan/diagnostic.js';
import type { CheckedPlan, LaneGraphPlan, PipelinePlanV2, SingleRingPlan, Target } from '../plan/document.js';
import type { ParsedPlan } from '../plan/parse.js';
import { type ValidateOptions, validate } from '../validate/validate.js';
import { idOfText, planText } from './id.js';
import { PlanError } from './plan-error.js';
import {
  type InsertedElement,
  type LaneReport,
  type Role,
  reportGraph,
  reportRing,
  type VersionReport,
} from './report.js';

/** What `JSON.stringify(version)` and `compile --json` print. */
export interface VersionSummary {
  /** SHA-256 of the canonical text, in hex. */
  readonly id: string;
  /** Name of the plan. */
  readonly name: string;
  /** Its execution model. */
  readonly target: Target;
  /** Ingresses, stages, egresses and what was inserted. */
  readonly roles: readonly Role[];
  /** Of a ring one a shard; of a graph every lane. */
  readonly lanes: readonly LaneReport[];
  /** Routers, merges and bridges; a ring has none. */
  readonly inserted: readonly InsertedElement[];
}

/** What a plan becomes; `target` tells the two apart. */
export type LoweredOf<P extends PipelinePlanV2> = P extends SingleRingPlan
  ? RingSpec
  : P extends LaneGraphPlan
    ? GraphSpec
    : RingSpec | GraphSpec;

/** Bytes cannot be frozen; what runs is encoded already when a version is handed out. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

/**
 * A compiled plan; immutable in all its parts. Only `compile` makes one. `P` is the type of the authored plan, from
 * which `open` infers ids and record types.
 */
export class Version<P extends PipelinePlanV2 = PipelinePlanV2> {
  /** SHA-256 of `text`: 64 lower-case hex digits. */
  readonly id: string;
  /** Name of the plan. */
  readonly name: string;
  /** Its execution model. */
  readonly target: P['target'];
  /** The authored document, defaults not filled in. */
  readonly plan: CheckedPlan<P>;
  /** Canonical text, see docs/canonical-text.md. */
  readonly text: string;
  /** The lowered plan: indices and tables. */
  readonly lowered: LoweredOf<P>;
  /** Roles, lanes, inserted elements and warnings. */
  readonly report: VersionReport;
  readonly #spec: Uint8Array;

  /** @internal `compile` is the way here. */
  constructor(plan: CheckedPlan<P>, lowered: LoweredOf<P>, report: VersionReport) {
    this.text = planText(plan);
    this.id = idOfText(this.text);
    this.name = plan.name;
    this.target = plan.target;
    this.plan = plan;
    this.lowered = deepFreeze(lowered);
    this.report = deepFreeze(report);
    this.#spec = encodeSpec(lowered);
    Object.freeze(this);
  }

  /** The buffer that the core executes; a copy each time, so that no caller can change the version. */
  get spec(): Uint8Array {
    return this.#spec.slice();
  }

  /** What `JSON.stringify` prints of it. */
  toJSON(): VersionSummary {
    const { roles, lanes, inserted } = this.report;
    return { id: this.id, name: this.name, target: this.target, roles, lanes, inserted };
  }
}

/**
 * Validates and lowers a plan.
 * @param plan a document as JavaScript values, what a builder made, or what `parsePlan` read
 * @param options the features that the runtime has; both are on where nothing is said
 * @throws PlanError when the plan has errors: `diagnostics` has all of them
 */
export function compile<const P extends PipelinePlanV2>(plan: P, options?: ValidateOptions): Version<P>;
export function compile(plan: ParsedPlan, options?: ValidateOptions): Version;
export function compile(plan: PipelinePlanV2 | ParsedPlan, options: ValidateOptions = {}): Version {
  const validation = validate(plan as unknown, options);
  if (!validation.ok) throw new PlanError(validation.diagnostics);
  return emit(validation.plan, validation.diagnostics);
}

function emit(plan: CheckedPlan, warnings: readonly Diagnostic[]): Version {
  const authored: PipelinePlanV2 = plan;
  if (authored.target === 'LaneGraph') {
    const lowered = lowerGraph(authored);
    return new Version(plan, lowered.spec, reportGraph(authored, lowered, warnings));
  }
  const lowered = lowerRing(authored);
  return new Version(plan, lowered, reportRing(lowered, warnings));
}
