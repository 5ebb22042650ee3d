/**
 * Functions of the `js:` stages of random plans, on the opener's thread and in workers. What one does to a record follows from
 * the record alone and from the stage's config, `{ does, fields, json }`: names of deeds, one of which the record's content
 * chooses, the struct's fields where records are structs, and whether they are JSON. The interpreter calls the same functions
 * with values of its own, so what is compared is what byteor makes of their answers.
 */

/** FNV-1a. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x0100_0193);
  return value >>> 0;
}

const structText = (record, fields) =>
  fields.map((name) => (ArrayBuffer.isView(record[name]) ? record[name].join() : `${record[name]}`)).join(' ');

const bytesText = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** A value of another content and the same size, of any type that a field can have. */
function otherField(value) {
  if (typeof value === 'number') return 1;
  if (typeof value === 'bigint') return 7n;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return 'x';
  return value.slice().fill(65);
}

/** What can be done to a record of each kind. */
const TEXT = {
  text: (record) => record,
  copy: (record) => record,
  longer: (record) => `${record}ü!`,
  shorter: (record) => record.slice(1),
  change() {},
};

const BYTES = {
  text: bytesText,
  copy: (record) => record.slice(),
  longer: (record) => Buffer.concat([record, Uint8Array.of(1, 200)]),
  shorter: (record) => record.subarray(1),
  change(record) {
    if (record.length > 0) record[record.length - 1] = 65;
  },
};

const STRUCT = {
  text: structText,
  copy: (record, fields) => Object.fromEntries(fields.map((name) => [name, record[name]])),
  longer: (record, fields) => ({ ...STRUCT.copy(record, fields), [fields[0]]: otherField(record[fields[0]]) }),
  shorter: (record) => record,
  change(record, fields) {
    const name = fields.at(-1);
    record[name] = otherField(record[name]);
  },
};

const JSON_VALUE = {
  text: (record) => JSON.stringify(record),
  copy: (record) => structuredClone(record),
  longer: (record) => ({ was: record }),
  shorter: () => 0,
  change(record) {
    if (Array.isArray(record)) record.push(1);
    else if (typeof record === 'object' && record !== null) record.m = 1;
  },
};

function kindOf(record, { json, fields }) {
  if (json) return JSON_VALUE;
  if (typeof record === 'string') return TEXT;
  return fields === undefined || record instanceof Uint8Array ? BYTES : STRUCT;
}

/** Deeds that look at nothing of the record. */
const BLIND = {
  pass: () => undefined,
  yes: () => true,
  filter: () => false,
  none: () => [],
  throw() {
    throw new Error('it threw on purpose');
  },
  wrong: () => 5n,
  wrongSecond: () => [Symbol.iterator, 5n],
};

const DEEDS = {
  same: (record) => record,
  listed: (record) => [record],
  longer: (record, kind, fields) => [kind.longer(record, fields)],
  shorter: (record, kind, fields) => [kind.shorter(record, fields)],
  two: (record, kind, fields) => [record, kind.longer(record, fields)],
  three: (record, kind, fields) => [kind.copy(record, fields), kind.shorter(record, fields), record],
  change: (record, kind, fields) => kind.change(record, fields),
  changeAndSay(record, kind, fields) {
    kind.change(record, fields);
    return true;
  },
  changeAndGive(record, kind, fields) {
    kind.change(record, fields);
    return [record];
  },
  changeAndFilter(record, kind, fields) {
    kind.change(record, fields);
    return false;
  },
  changeAndThrow(record, kind, fields) {
    kind.change(record, fields);
    throw new Error('it threw behind a change');
  },
};

/** The deed that the content chooses. */
const chosen = (text, { does }) => does[hash(text) % does.length];

/** What a function of a record says of it. */
export function act(record, config) {
  const kind = kindOf(record, config);
  const deed = chosen(kind.text(record, config.fields), config);
  return deed in BLIND ? BLIND[deed]() : DEEDS[deed](record, kind, config.fields);
}

/** What a batch says of it: of JSON it looks at the bytes, and at the value where the deed needs it. */
export function actInBatch(record, config) {
  if (!config.json) return act(record, config);
  const deed = chosen(bytesText(record.bytes), config);
  return deed in BLIND ? BLIND[deed]() : DEEDS[deed](record.value, JSON_VALUE, config.fields);
}

export const each = (record, { config }) => act(record, config);

let calls = 0;

/** Answers at once, or in another order than it was asked; what it writes, it writes behind its waits. */
export function later(record, { config }) {
  const turns = (calls++ * 7) % 5;
  return turns === 4 ? act(record, config) : actLater(record, config, turns);
}

async function actLater(record, config, turns) {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
  return act(record, config);
}

/** Counts what it was shown. */
export const batches = {
  start: ({ config, shard, stage }) => ({ config, shard, stage, seen: 0 }),
  batch(records, state) {
    const { config } = state;
    while (records.next()) {
      state.seen++;
      const answer = actInBatch(records.record, config);
      if (answer !== undefined) records.answer(answer);
    }
  },
  end: ({ shard, stage, seen }) => ({ shard, stage, seen }),
};
