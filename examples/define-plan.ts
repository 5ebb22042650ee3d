import { definePlan, type RecordOfBoundary, validate } from 'byteor';

/** Ids, dependencies and fields are checked while this is typed: a wrong name does not compile. */
export const orders = definePlan({
  version: 2,
  name: 'orders',
  target: 'SingleRing',
  stages: [
    { id: 'tally', op: 'count', config: { key: { kind: 'field', name: 'symbol' } } },
    { id: 'acme', op: 'filter', config: { contains: 'ACME' } },
  ],
  boundaries: [
    {
      id: 'in',
      kind: 'ingress',
      codec: {
        kind: 'struct',
        fields: [
          { name: 'id', type: 'u64' },
          { name: 'symbol', type: 'utf8(6)' },
        ],
      },
    },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: {
    stages: [{ stage: 'tally' }, { stage: 'acme', depends_on: ['tally'] }],
  },
});

/** What `pipeline.ingress('in')` takes: `{ id: bigint; symbol: string }`. */
export const example: RecordOfBoundary<typeof orders, 'in'> = { id: 7n, symbol: 'ACME' };

const result = validate(orders);
if (!result.ok) throw new Error(result.diagnostics.map((one) => one.message).join('\n'));
