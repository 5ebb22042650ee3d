/** The plans of bench/echo.mjs and bench/handles.mjs. */

import { FIELDS } from './words.mjs';

export const struct = (fields) => ({ kind: 'struct', fields: fields.map((name) => ({ name, type: 'f64' })) });

const endsOf = (codec) => [
  { id: 'in', kind: 'ingress', codec },
  { id: 'out', kind: 'egress', codec },
];

/** One native stage between an ingress and an egress of one codec. */
export const echoPlan = (codec) => ({
  version: 2,
  name: 'echo',
  target: 'SingleRing',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: endsOf(codec),
  single_ring: { stages: [{ stage: 'pass' }] },
});

/** Words of a record of three stages, behind its kind. */
export const WORDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** Keep the records of one kind, count them, add them up. */
export const STAGES_PLAN = {
  version: 2,
  name: 'three-stages',
  target: 'SingleRing',
  stages: [
    { id: 'keep', op: 'filter', config: { starts_with: 'K' } },
    { id: 'count', op: 'count' },
    { id: 'sum', op: 'checksum' },
  ],
  boundaries: endsOf({
    kind: 'struct',
    fields: [{ name: 'kind', type: 'u8' }, ...struct(WORDS).fields],
  }),
  single_ring: {
    stages: [{ stage: 'keep' }, { stage: 'count', depends_on: ['keep'] }, { stage: 'sum', depends_on: ['count'] }],
  },
};

export const ECHO_PLANS = [
  ['echo, 8 B', echoPlan(struct(['a']))],
  ['echo, 64 B', echoPlan(struct(FIELDS))],
  ['echo, three stages', STAGES_PLAN],
];
