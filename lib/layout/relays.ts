/**
 * What `open` adds to a graph with a journal lane that an egress reads: a relay, which reads the journal, records of earlier
 * runs first, and writes a lane in memory for the egress. The rule is that of native/run/journals.cpp. It depends on how
 * journals are kept, not on the plan, so it is not part of what is compiled. Pure; any thread.
 */

import type { GraphSpec, LaneSpec, RoleSpec } from '../lower/spec.js';

interface Relay {
  readonly role: RoleSpec;
  readonly lane: LaneSpec;
}

function relayOf(journal: LaneSpec, egress: RoleSpec, at: { readonly role: number; readonly lane: number }): Relay {
  const id = `relay:${journal.id}`;
  const inlets = egress.inlets;
  return {
    role: { id, kind: 'Bridge', index: null, policy: 'None', key: null, inlets, outlets: [at.lane] },
    lane: {
      ...journal,
      id: `${id}->${egress.id}`,
      kind: 'Events',
      inserted: true,
      onFull: 'Block',
      writer: at.role,
      connection: null,
      fsync: null,
      fsyncIntervalMs: 0,
      segmentBytes: 0,
      retainBytes: 0,
      retainMs: 0,
    },
  };
}

/** The graph that runs: relays stand behind the roles and lanes of `spec`, whose places stay. */
export function withRelays(spec: GraphSpec): GraphSpec {
  const roles = [...spec.roles];
  const lanes = [...spec.lanes];
  for (const [index, lane] of spec.lanes.entries()) {
    const reader = lane.readers[0] as number;
    const egress = roles[reader] as RoleSpec;
    if (lane.kind !== 'Journal' || egress.kind !== 'Egress') continue;
    const relay = relayOf(lane, egress, { role: roles.length, lane: lanes.length });
    lanes[index] = { ...lane, readers: [roles.length] };
    roles[reader] = { ...egress, inlets: relay.role.outlets };
    roles.push(relay.role);
    lanes.push(relay.lane);
  }
  return { ...spec, roles, lanes };
}
