/** The plans of bench/stages.mjs. */

import { echoPlan, struct } from '../echo/plans.mjs';
import { FIELDS } from '../echo/words.mjs';
import { chain, ring } from '../plans.mjs';

const CODEC = struct(FIELDS);
const events = { kind: 'Events' };

/** A stage between the ends of a ring, or between two lanes. */
const TARGETS = {
  ring: (stage) => ring(stage.id, [stage]),
  graph: (stage) => chain(stage.id, events, [stage]),
};
export const TARGET_NAMES = Object.keys(TARGETS);

const ofStructs = (plan) => ({ ...plan, boundaries: plan.boundaries.map((end) => ({ ...end, codec: CODEC })) });

/** Policies of a record that fails, but for the one that ends the run. */
export const POLICIES = ['drop', 'pass', 'dead_letter'];
/** What a line has in it that fails. */
export const POISON = 'poison';
/** What a line starts with that passes. */
export const KEPT = 'ERROR';

const stages = {
  touch: { id: 'touch', op: 'js:touch', keeps_layout: true },
  add: { id: 'add', op: 'set_field', config: { field: 'a', add: 1 } },
  'add in C': { id: 'add', op: 'native:add', keeps_layout: true },
};
const lines = {
  filter: { id: 'filter', op: 'filter', config: { starts_with: KEPT } },
  'filter in C': { id: 'filter', op: 'native:starts_with', access: 'read', config: { text: KEPT } },
  ...Object.fromEntries(
    POLICIES.map((on_error) => [
      `failing, ${on_error}`,
      { id: 'checks', op: 'reject', config: { contains: POISON }, on_error },
    ]),
  ),
};

/** Name → plan: `ring, touch`. */
export const STAGE_PLANS = new Map(
  TARGET_NAMES.flatMap((target) => [
    ...Object.entries(stages).map(([name, stage]) => [`${target}, ${name}`, ofStructs(TARGETS[target](stage))]),
    ...Object.entries(lines).map(([name, stage]) => [`${target}, ${name}`, TARGETS[target](stage)]),
  ]),
);
STAGE_PLANS.set('graph, echo', ofStructs(TARGETS.graph({ id: 'pass', op: 'identity' })));
STAGE_PLANS.set('ring, echo', echoPlan(CODEC));

/** The plan of a row of the results; nothing for what is not byteor. */
export function planOfStages(row) {
  const [target, what] = row.split(': ');
  if (!TARGET_NAMES.includes(target)) return undefined;
  if (what.startsWith('push and poll')) return `${target}, echo`;
  if (/^a (function|batch)/.test(what)) return `${target}, touch`;
  return `${target}, ${what.replace(/, one way$/, '')}`;
}
