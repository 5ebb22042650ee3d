/** The configuration of an adapter as JSON Schema, for `capabilities`. Pure; any thread. */
import { type Adapter, type Key, keysAt, type Side } from './adapter.js';

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

/** Of a port in its long form, at one side. */
export function portSchema(adapter: Adapter, side: Side): JsonSchema & { readonly properties: JsonSchema } {
  const keys = keysAt(adapter, side);
  return {
    type: 'object',
    properties: {
      adapter: { const: adapter.name },
      ...Object.fromEntries(keys.map(([name, key]) => [name, schemaOf(key)])),
    },
    required: ['adapter', ...keys.filter(([, key]) => key.required === true).map(([name]) => name)],
    additionalProperties: false,
  };
}
