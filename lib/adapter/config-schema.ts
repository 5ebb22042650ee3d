/** Ports as JSON Schema 2020-12: for `capabilities`, and of files of ends for editors. Pure; any thread. */
import { type Adapter, type Key, keysAt, type Side } from './adapter.js';
import { adaptersAt } from './registry.js';

type JsonSchema = Readonly<Record<string, unknown>>;

function schemaOf(key: Key): JsonSchema {
  const { help: description } = key;
  switch (key.type) {
    case 'text':
      return { type: 'string', minLength: 1, description };
    case 'integer':
      return { type: 'integer', minimum: key.min, maximum: key.max, description };
    case 'flag':
      return { type: 'boolean', default: key.default, description };
    case 'word':
      return { enum: key.words, default: key.default, description };
  }
}

/** A map with these keys, and no other; `called` is what it calls them. */
function keysSchema(
  keys: ReturnType<typeof keysAt>,
  head: JsonSchema,
  called: (name: string) => string,
): JsonSchema & { readonly properties: JsonSchema } {
  const required = keys.filter(([, key]) => key.required === true).map(([name]) => called(name));
  return {
    type: 'object',
    properties: { ...head, ...Object.fromEntries(keys.map(([name, key]) => [called(name), schemaOf(key)])) },
    required: [...Object.keys(head), ...required],
    additionalProperties: false,
  };
}

/** Of a port in its long form, at one side. */
export const portSchema = (adapter: Adapter, side: Side) =>
  keysSchema(keysAt(adapter, side), { adapter: { const: adapter.name } }, (name) => name);

const shortSchema = (adapter: Adapter, side: Side): JsonSchema =>
  keysSchema(keysAt(adapter, side), {}, (name) => (name === adapter.target ? adapter.name : name));

/** Of a file of ends. Which boundary is of which side, only the plan says, so an end may be one of either. */
export function endsJsonSchema(): JsonSchema {
  const ends = (['ingress', 'egress'] as const).flatMap((side) =>
    adaptersAt(side).flatMap((adapter) => {
      const description = `An ${side}: ${adapter.sides[side]}.`;
      const forms = [portSchema(adapter, side), ...(adapter.short ? [shortSchema(adapter, side)] : [])];
      return forms.map((form): JsonSchema => ({ description, ...form }));
    }),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Ends',
    description: 'What stands behind the boundaries of a plan of byteor: boundary id to end.',
    type: 'object',
    additionalProperties: {
      anyOf: [
        { const: 'discard', description: 'An egress: its records are counted, and nothing is written.' },
        ...ends,
      ],
    },
  };
}
