/**
 * A stage that changes one word of a record of eight: pushed and polled in place on the main thread, and worked on there, in a
 * worker, or natively. What stands beside it is the same push and poll through a native stage that does nothing.
 */

import { fileURLToPath } from 'node:url';
import { claimer64, exchanged, filler64, oneWay, openPlan, pollerOf64 } from '../echo/byteor.mjs';
import { expectedSum } from '../echo/words.mjs';
import { batch, each } from './code.mjs';
import { STAGE_PLANS, TARGET_NAMES } from './plans.mjs';

const CODE = fileURLToPath(new URL('./code.mjs', import.meta.url));

/** The last word of each record is as its first then, 7 less. */
export const touchedSum = (records) => expectedSum(records, 8) - 7 * records;

const pusherOf = (push) => claimer64(push);

const echo = (target, options) =>
  exchanged(64, () => openPlan(STAGE_PLANS.get(`${target}, echo`), options), pusherOf, pollerOf64);

const touched = (target, touch) =>
  exchanged(64, () => openPlan(STAGE_PLANS.get(`${target}, touch`), { stages: { touch } }), pusherOf, pollerOf64, {
    expected: touchedSum,
  });

/** Pushes as others do, and waits for what is delivered without a pause. */
function pusherThatWaits(push) {
  const pushSome = claimer64(push);
  let waits = false;
  const told = () => {
    waits = false;
  };
  return (from, to) => {
    if (!waits && from > 0) {
      waits = true;
      push.untilDelivered().then(told, told);
    }
    return pushSome(from, to);
  };
}

const waitedFor = (target) =>
  exchanged(64, () => openPlan(STAGE_PLANS.get(`${target}, echo`), { delivered: true }), pusherThatWaits, pollerOf64);

/** One is added to the first word of each record. */
const added = (target, stage, options) =>
  exchanged(64, () => openPlan(STAGE_PLANS.get(`${target}, ${stage}`), options()), pusherOf, pollerOf64, {
    expected: (records) => expectedSum(records, 8) + records,
  });

/** The library is compiled by who starts the trial. */
const inC = () => ({ stages: { add: { library: process.env.BYTEOR_BENCH_ADD } } });

const ofTarget = (target) => ({
  [`${target}: push and poll`]: echo(target, {}),
  [`${target}: push and poll, delivered`]: echo(target, { delivered: true }),
  [`${target}: push and poll, delivered and waited for`]: waitedFor(target),
  [`${target}: a function`]: touched(target, each),
  [`${target}: a batch`]: touched(target, batch),
  [`${target}: a function in a worker`]: touched(target, { module: CODE, export: 'each' }),
  [`${target}: a batch in a worker`]: touched(target, { module: CODE, export: 'batch' }),
  [`${target}: add`]: added(target, 'add', () => ({})),
  [`${target}: add in C`]: added(target, 'add in C', inC),
  [`${target}: add, one way`]: oneWay(filler64, STAGE_PLANS.get(`${target}, add`)),
  [`${target}: add in C, one way`]: oneWay(filler64, STAGE_PLANS.get(`${target}, add in C`), inC),
});

export const contestants = Object.assign({}, ...TARGET_NAMES.map(ofTarget));
