/**
 * The rules by which the compiler puts elements into a graph. `docs/inserts.md` is written from this table, `explain`
 * prints it, and the report names a rule for each element; a test holds all of them together. Pure; any thread.
 */

/** Why the compiler inserts an element into a graph. */
export interface InsertRuleEntry {
  /** What is inserted. */
  readonly kind: 'router' | 'merge' | 'bridge';
  /** A line. */
  readonly title: string;
  /** When the rule applies, and why it must. */
  readonly meaning: string;
  /** As written and as it runs; inserted elements stand in brackets. */
  readonly drawing: string;
  /** What it costs beside the memory of the one lane that comes with it. */
  readonly cost: string;
  /** How a plan does without it. */
  readonly avoid: string;
}

const RULES = {
  ROUTER_FAN_OUT: {
    kind: 'router',
    title: 'An outlet has several lanes',
    meaning:
      'A stage or an ingress writes one lane. Where several connections leave it, a router stands behind it and gives ' +
      'every record to each of them. FanoutBroadcast connections of one outlet that block are one lane and count as one.',
    drawing: [
      'written   a ─Events──▶ b',
      '          a ─Events──▶ c',
      '',
      'runs      a ─▶ [router:a] ─┬─▶ b',
      '                           └─▶ c',
    ].join('\n'),
    cost: 'An agent, and a copy of each record for every lane.',
    avoid: 'Make the connections FanoutBroadcast: readers of one lane share its records, without a copy.',
  },
  ROUTER_POLICY: {
    kind: 'router',
    title: 'The policy of an ingress chooses',
    meaning:
      'RoundRobin and KeyHash give each record to one of the connections of an ingress; choosing is the work of a ' +
      'router. With one connection there is nothing to choose and no router.',
    drawing: [
      'written   in ─Events──▶ a      boundary_policy: { in: RoundRobin }',
      '          in ─Events──▶ b',
      '',
      'runs      in ─▶ [router:in] ─┬─▶ a',
      '                             └─▶ b',
    ].join('\n'),
    cost: 'An agent, and a copy of each record.',
    avoid: 'Nothing: the policy asks for it.',
  },
  ROUTER_BROADCAST_DROPS: {
    kind: 'router',
    title: 'A broadcast drops what does not fit',
    meaning:
      'Readers of a FanoutBroadcast lane work in place on the same records, so the lane cannot be overrun for one of ' +
      'them. Where its connections drop, each reader gets an Events lane of its own, of the capacity asked for, and ' +
      'loses only what it has no room for itself.',
    drawing: [
      'written   a ─FanoutBroadcast, Drop──▶ b',
      '          a ─FanoutBroadcast, Drop──▶ c',
      '',
      'runs      a ─▶ [router:a] ─┬─Events, Drop─▶ b',
      '                           └─Events, Drop─▶ c',
    ].join('\n'),
    cost: 'An agent, and a copy of each record for every reader.',
    avoid: 'Let the connections block: then one lane is shared and nothing is copied.',
  },
  MERGE_FAN_IN: {
    kind: 'merge',
    title: 'An inlet has several lanes',
    meaning:
      'A stage or an egress reads one lane. Where several connections lead to it, a merge stands before it: it takes ' +
      'records as they come, in turn (Interleave), or, where an egress with the policy Ordered is downstream, in the ' +
      'order of the ingress (Ordered).',
    drawing: [
      'written   a ─Events──▶ c',
      '          b ─Events──▶ c',
      '',
      'runs      a ─┐',
      '             ├─▶ [merge:c] ─▶ c',
      '          b ─┘',
    ].join('\n'),
    cost: 'An agent, and a copy of each record.',
    avoid: 'Give each branch an egress of its own.',
  },
  BRIDGE_AT_ROUTER: {
    kind: 'bridge',
    title: 'A router meets a lane of another kind',
    meaning:
      'Routers write Events lanes only. Where a connection of another kind leaves an outlet with a router, a bridge ' +
      'between them reads an inserted Events lane and writes the lane that was asked for.',
    drawing: [
      'written   a ─Events───▶ b',
      '          a ─Journal──▶ c',
      '',
      'runs      a ─▶ [router:a] ─┬──────────────────────────▶ b',
      '                           └─▶ [bridge:a:c] ─Journal──▶ c',
    ].join('\n'),
    cost: 'An agent, and a copy of each record.',
    avoid: 'Use Events for all connections of the outlet, or only one connection.',
  },
  BRIDGE_AT_MERGE: {
    kind: 'bridge',
    title: 'A merge meets a lane of another kind',
    meaning:
      'Merges read Events lanes only. Where a connection of another kind leads to an inlet with a merge, a bridge ' +
      'between them reads the lane that was asked for and writes an inserted Events lane. Each reader of a shared ' +
      'FanoutBroadcast lane that stands before a merge has one.',
    drawing: [
      'written   a ─Journal──▶ c',
      '          b ─Events───▶ c',
      '',
      'runs      a ─Journal─▶ [bridge:a:c] ─┐',
      '                                     ├─▶ [merge:c] ─▶ c',
      '          b ─────────────────────────┘',
    ].join('\n'),
    cost: 'An agent, and a copy of each record.',
    avoid: 'Use Events for all connections of the inlet, or only one connection.',
  },
} as const satisfies Record<string, InsertRuleEntry>;

/** Name of a rule of insertion; docs/inserts.md explains each. */
export type InsertRule = keyof typeof RULES;

/** The rules by which the compiler puts elements into a graph. */
export const INSERT_RULES: Readonly<Record<InsertRule, InsertRuleEntry>> = RULES;

export function isInsertRule(rule: string): rule is InsertRule {
  return Object.hasOwn(INSERT_RULES, rule);
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n');

/** The text that `byteor explain RULE` prints; undefined if there is no such rule. Case does not matter. */
export function explainRule(rule: string): string | undefined {
  const known = rule.toUpperCase();
  if (!isInsertRule(known)) return undefined;
  const { kind, title, meaning, drawing, cost, avoid } = INSERT_RULES[known];
  return [
    `${known} (inserts a ${kind}): ${title}`,
    meaning,
    indented(drawing),
    `Costs: ${cost}`,
    `To do without: ${avoid}`,
  ]
    .join('\n\n')
    .concat('\n');
}

/** The page `docs/inserts.md`. */
export function insertsPage(): string {
  const intro = [
    '# What the compiler inserts',
    '',
    'A LaneGraph plan says which boundaries and stages are connected, and by what kind of lane. Lanes have one writer, and',
    'stages and boundaries have one inlet and one outlet, so between some of them the compiler puts a *router*, a *merge* or a',
    '*bridge*: never more than the plan needs. Each has a name with a colon (`router:a`), which no id of yours can have, and',
    'the report of `byteor compile --json` gives for each the rule, the place in the plan that caused it, the reason and the',
    'cost: bytes of the lane that comes with it, copies that it makes of a record, agents. Inserted lanes are Events lanes that',
    'block; only a connection of yours ever drops. A line of connections of any kinds needs nothing.',
    '',
    '`byteor explain RULE` prints the same text as this page, which is written from `lib/lower/graph-rules.ts`; a test keeps',
    'the two equal.',
    '',
  ];
  const rules = Object.entries(INSERT_RULES).flatMap(([rule, entry]) => [
    `## ${rule}`,
    '',
    `**${entry.title}** (inserts a ${entry.kind})`,
    '',
    entry.meaning,
    '',
    '```',
    ...entry.drawing.split('\n'),
    '```',
    '',
    `Costs: ${entry.cost}`,
    '',
    `To do without: ${entry.avoid}`,
    '',
  ]);
  return `${[...intro, ...rules].join('\n').trimEnd()}\n`;
}
