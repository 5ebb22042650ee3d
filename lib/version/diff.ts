/**
 * What differs between two plans, in the author's names. Both sides are compared as canonical trees, so a difference is
 * reported exactly when the ids differ, and cosmetics (comments, catalog order, defaults written out) are not. A renamed
 * stage is one removed and one added: nothing in a plan says that two names mean the same. Pure; any thread.
 */

import type { CheckedPlan, Target } from '../plan/document.js';
import {
  type CanonicalObject,
  type CanonicalValue,
  canonicalKeys,
  canonicalText,
  parseCanonicalText,
} from './canonical-text.js';
import { idOfText, planText } from './id.js';

/** What a change is about, in the order in which changes are listed. */
const SUBJECTS = ['plan', 'boundary', 'stage', 'ring', 'graph', 'connection'] as const;
/** What a change may be about. */
export type ChangeSubject = (typeof SUBJECTS)[number];

/** One difference between two plans. */
export interface PlanChange {
  /** Whether it came, went or became another. */
  readonly change: 'added' | 'removed' | 'changed';
  /** What it is about. */
  readonly what: ChangeSubject;
  /** Author's id; `from→to` for a connection; the plan's name for plan, ring and graph. */
  readonly id: string;
  /** What changed: `op`, `config.contains`, `depends_on`, `shards`, `order`, …; absent when the whole thing came or went. */
  readonly field?: string;
  /** Absent where there was nothing. */
  readonly before?: CanonicalValue;
  /** Absent where there is nothing any more. */
  readonly after?: CanonicalValue;
}

/** One of the two plans. */
export interface DiffSide {
  /** Id of its version. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Its execution model. */
  readonly target: Target;
}

/** What differs between two plans: made by `diffPlans`. */
export interface PlanDiff {
  /** True when both are the same version: the documents then differ in cosmetics at most. */
  readonly same: boolean;
  /** The first plan. */
  readonly before: DiffSide;
  /** The second plan. */
  readonly after: DiffSide;
  /** By subject, then by id (connections: in the plan's order); removed, changed, added. */
  readonly changes: readonly PlanChange[];
}

interface Subject {
  readonly what: ChangeSubject;
  readonly id: string;
  readonly fields: CanonicalObject;
}

const isObject = (value: CanonicalValue | undefined): value is CanonicalObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objects = (value: CanonicalValue | undefined): readonly CanonicalObject[] =>
  (Array.isArray(value) ? value : []) as readonly CanonicalObject[];

const object = (value: CanonicalValue | undefined): CanonicalObject => (isObject(value) ? value : {});

const equal = (a: CanonicalValue | undefined, b: CanonicalValue | undefined): boolean =>
  canonicalText({ value: a }) === canonicalText({ value: b });

/** `{ config: { a: 1 } }` → `{ 'config.a': 1 }`, one level deep: the grain at which an author edits. */
function opened(fields: CanonicalObject, name: string): CanonicalObject {
  const { [name]: inner, ...rest } = fields;
  if (!isObject(inner) || canonicalKeys(inner).length === 0) return fields;
  const parts = canonicalKeys(inner).map((key) => [`${name}.${key}`, inner[key]] as const);
  return { ...rest, ...Object.fromEntries(parts) };
}

function ringSubjects(tree: CanonicalObject, name: string): Subject[] {
  const { stages, ...rest } = object(tree.single_ring);
  const order = objects(stages).map((entry) => entry.stage as string);
  return [{ what: 'ring', id: name, fields: { ...rest, order } }];
}

function graphSubjects(tree: CanonicalObject, name: string): Subject[] {
  const graph = object(tree.lane_graph);
  const connections = objects(graph.connections).map(({ from, to, ...fields }): Subject => {
    return { what: 'connection', id: `${from}→${to}`, fields: opened(fields, 'lane') };
  });
  const order = connections.map(({ id }) => id);
  return [{ what: 'graph', id: name, fields: { on_full: graph.on_full, order } }, ...connections];
}

/**
 * @param withPayload false when the targets differ: a ring and a graph have no common grain, and the changed target
 * says that everything in them is another.
 */
function subjectsOf(tree: CanonicalObject, withPayload: boolean): readonly Subject[] {
  const name = tree.name as string;
  const ring = object(withPayload ? tree.single_ring : undefined);
  const graph = object(withPayload ? tree.lane_graph : undefined);
  const policies = object(graph.boundary_policy);
  const dependencies = new Map(objects(ring.stages).map((entry) => [entry.stage, entry.depends_on]));
  const boundaries = objects(tree.boundaries).map(({ id, ...fields }): Subject => {
    return { what: 'boundary', id: id as string, fields: { ...fields, policy: policies[id as string] } };
  });
  const stages = objects(tree.stages).map(({ id, ...fields }): Subject => {
    const all = { ...fields, depends_on: dependencies.get(id as string) };
    return { what: 'stage', id: id as string, fields: opened(all, 'config') };
  });
  const plan: Subject = { what: 'plan', id: name, fields: { name, target: tree.target, version: tree.version } };
  if (!withPayload) return [plan, ...boundaries, ...stages];
  const payload = tree.target === 'SingleRing' ? ringSubjects(tree, name) : graphSubjects(tree, name);
  return [plan, ...boundaries, ...stages, ...payload];
}

/** Plan, ring and graph are one of a kind: they match by what they are, whatever the plan is called. */
const subjectKey = ({ what, id }: Subject): string =>
  what === 'boundary' || what === 'stage' || what === 'connection' ? `${what} ${id}` : what;

/** Drops undefined, so that JSON shows no empty halves. */
function change(
  base: Omit<PlanChange, 'before' | 'after'>,
  before?: CanonicalValue,
  after?: CanonicalValue,
): PlanChange {
  return {
    ...base,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

/** The elements of an order that stand on both sides: additions and removals are told by themselves. */
function commonOrder(own: CanonicalValue | undefined, other: CanonicalValue | undefined): CanonicalValue {
  const others = new Set(Array.isArray(other) ? other : []);
  return (Array.isArray(own) ? own : []).filter((id) => others.has(id));
}

function fieldChanges(a: Subject, b: Subject): PlanChange[] {
  const fields = [...new Set([...canonicalKeys(a.fields), ...canonicalKeys(b.fields)])].sort();
  return fields.flatMap((field) => {
    const isOrder = field === 'order';
    const before = isOrder ? commonOrder(a.fields.order, b.fields.order) : a.fields[field];
    const after = isOrder ? commonOrder(b.fields.order, a.fields.order) : b.fields[field];
    if (equal(before, after)) return [];
    return [change({ change: 'changed', what: a.what, id: b.id, field }, before, after)];
  });
}

function compare(a: readonly Subject[], b: readonly Subject[]): PlanChange[] {
  const after = new Map(b.map((subject) => [subjectKey(subject), subject]));
  const before = new Set(a.map(subjectKey));
  const changes = a.flatMap((subject) => {
    const match = after.get(subjectKey(subject));
    if (match !== undefined) return fieldChanges(subject, match);
    return [change({ change: 'removed', what: subject.what, id: subject.id }, subject.fields)];
  });
  for (const subject of b) {
    if (before.has(subjectKey(subject))) continue;
    changes.push(change({ change: 'added', what: subject.what, id: subject.id }, undefined, subject.fields));
  }
  return SUBJECTS.flatMap((what) => changes.filter((found) => found.what === what));
}

const side = (tree: CanonicalObject): DiffSide => ({
  id: idOfText(canonicalText(tree)),
  name: tree.name as string,
  target: tree.target as Target,
});

/** What differs between two checked plans, of either target. Pure; any thread. */
export function diffPlans(a: CheckedPlan, b: CheckedPlan): PlanDiff {
  // Through the text and back: then the keys inside values are sorted too, and the diff is the same whatever the authors'.
  const [before, after] = [a, b].map((plan) => parseCanonicalText(planText(plan))) as [
    CanonicalObject,
    CanonicalObject,
  ];
  const [left, right] = [side(before), side(after)];
  const withPayload = left.target === right.target;
  const changes = compare(subjectsOf(before, withPayload), subjectsOf(after, withPayload));
  return { same: left.id === right.id, before: left, after: right, changes };
}
