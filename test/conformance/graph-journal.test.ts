import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraphCase, linesOf } from './graph-cases.js';
import type { Flow } from './graph-interpreter.js';
import { GraphInterpreter } from './graph-interpreter.js';
import { expectConserved, expectExactLedger } from './graph-ledger.js';
import { runGraphOnCore } from './run-graph.js';

/** As graph.test.ts, with journals among the lanes, which write files: fewer cases. */
const RUNS = Number(process.env.BYTEOR_CONFORMANCE_RUNS ?? 20);

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

test.each([1, 2])('graphs with journals give what the interpreter gives, on %i threads', async (threads) => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryGraphCase({ failing: false, maxStages: 4, lanes: ['Journal', 'Events', 'SequencedSlots'] }),
      async (one) => {
        const folder = mkdtempSync(join(tmpdir(), 'byteor-journals-'));
        try {
          const expected = new GraphInterpreter(one.plan).run({ records: linesOf(one) });
          const journals = one.plan.lane_graph.connections.some(({ lane }) => lane.kind === 'Journal');
          const core = await runGraphOnCore(one, { threads, ...(journals ? { journal: { folder } } : {}) });
          expectConserved(one.plan, core.ledger);
          expect(core.ledger.failure).toBeNull();
          expectExactLedger(one.plan, expected, core.ledger);
          for (const [id, records] of Object.entries(core.delivered)) {
            const { items, exact } = expected.owners.get(id)?.inlet ?? ({ items: [], exact: true } as unknown as Flow);
            const [got, wanted] = [records.map(latin1), items.map(({ bytes }) => latin1(bytes))];
            expect({ id, got: exact ? got : got.sort() }).toEqual({ id, got: exact ? wanted : wanted.sort() });
          }
          for (const lane of Object.values(core.ledger.lanes))
            if (lane.journal !== undefined)
              expect(lane.journal).toMatchObject({ appended: lane.published, replayed: 0 });
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: RUNS, interruptAfterTimeLimit: 90_000 },
  );
});
