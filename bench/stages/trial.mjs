/** A trial of bench/stages.mjs: `node bench/stages/trial.mjs CONTESTANT RECORDS` (bench/support/trial.mjs). */

import { runTrial } from '../support/trial.mjs';

const [name, records] = process.argv.slice(2);
const files = ['byteor', 'peers'].map((file) => new URL(`./${file}.mjs`, import.meta.url));
await runTrial(name, Number(records), files);
