import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { linesOf } from './graph-cases.js';
import { expectEverything } from './graph-expect.js';
import { GraphInterpreter } from './graph-interpreter.js';
import { Interpreter } from './interpreter.js';
import { sortedLetters } from './op-model.js';
import * as ring from './ring-expect.js';
import { runOnCore } from './run.js';
import { runGraphOnCore } from './run-graph.js';

test('scratch', async () => {
  const text = readFileSync(process.env.CASE as string, 'utf8');
  const [one, more] = new Function(`return ${text}`)();
  for (let i = 0; i < Number(process.env.TIMES ?? 5); i++) {
    console.log('try', i);
    if (one.plan.target === 'LaneGraph') {
      expectEverything(one, await runGraphOnCore(one, more));
      continue;
    }
    const { file, lines } = ring.inputOf(one.setup);
    const expected = new Interpreter(one.plan).run(lines.map(({ bytes }) => bytes));
    const core = await runOnCore(one.plan, one.setup, more, file);
    ring.balanced(core);
    console.log(JSON.stringify(core.ledger));
    ring.expectRecords(one, expected, core, lines);
    ring.expectLedger(expected, core);
    expect(core.letters).toEqual(sortedLetters(expected.letters, one.setup.options.firstSequence));
  }
});
