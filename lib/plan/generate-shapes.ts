/**
 * Makes lib/plan/shapes.ts from the schemas (`npm run shapes`), so that the quick check of shape.ts knows no rule of its own.
 * A kind of schema or a rule that it does not know is an error here: the quick check must never accept what zod would refuse.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as z from 'zod';
import * as configs from './op-configs.js';
import * as schema from './schema.js';
import type { Shape } from './shape.js';

/** The schemas that validation asks for by themselves, under the names of their tables. */
export const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  id: schema.idSchema,
  key: schema.keySchema,
  fieldName: schema.structFieldSchema.shape.name,
  structField: schema.structFieldSchema,
  codec: schema.codecSchema,
  onFull: schema.onFullSchema,
  lane: schema.laneSchema,
  boundaryPolicy: schema.boundaryPolicySchema,
  singleRingPlan: schema.singleRingPlanSchema,
  laneGraphPlan: schema.laneGraphPlanSchema,
  // Of every op, by name: a module loader may list a module's exports in another order.
  ...Object.fromEntries(Object.entries(configs).sort(([one], [other]) => (one < other ? -1 : 1))),
};

/** What zod keeps of a schema, as far as it is read here. */
interface Def {
  readonly type: string;
  readonly checks?: readonly { readonly _zod: { readonly def: Check } }[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly (string | number)[];
  readonly format?: string;
  readonly coerce?: boolean;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: z.ZodType;
  readonly element?: z.ZodType;
  readonly keyType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
}

interface Check {
  readonly check: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly params?: { readonly bytesMax?: number; readonly exactlyOneOf?: readonly string[] };
}

/** The text of a table of shapes; a schema with a name of its own stands in it by that name. */
class Shapes {
  readonly #names: ReadonlyMap<z.ZodType, string>;

  constructor(schemas: Readonly<Record<string, z.ZodType>>) {
    this.#names = new Map(Object.entries(schemas).map(([name, one]) => [one, name]));
  }

  /** The place of a schema in another one. */
  place(one: z.ZodType): string {
    return this.#names.get(one) ?? this.of(one);
  }

  /** @throws Error for a schema that a shape cannot say */
  of(one: z.ZodType): string {
    const def = one.def as unknown as Def;
    if (def.coerce === true) throw unknown('a value that is converted');
    const rules = new Rules(def);
    const made = this.#made(one, def, rules);
    rules.end();
    return made;
  }

  #made(one: z.ZodType, def: Def, rules: Rules): string {
    switch (def.type) {
      case 'unknown':
        return text({ type: 'anything' });
      case 'boolean':
        return text({ type: 'boolean' });
      case 'enum':
        return text({ type: 'oneOf', values: Object.values(def.entries ?? {}) });
      case 'literal':
        return text({ type: 'oneOf', values: def.values ?? [] });
      case 'number':
        if (def.format !== 'safeint') throw unknown('numbers that are not whole');
        return text({ type: 'integer', min: rules.min('greater_than'), max: rules.max('less_than') });
      case 'string':
        if (def.format !== undefined) throw unknown(`the format ${def.format}`);
        return text(rules.text());
      case 'template_literal':
        return text({ type: 'text', patterns: [one._zod.pattern as RegExp] });
      case 'array':
        return text({ type: 'list', min: rules.min('min_length', 0), max: rules.max('max_length', Infinity) }, [
          `of: ${this.place(def.element as z.ZodType)}`,
        ]);
      case 'object':
        return this.#map(def, rules);
      case 'record':
        if ((def.keyType as z.ZodType).def.type !== 'string') throw unknown('records whose keys are not any text');
        return text({ type: 'record' }, [`of: ${this.place(def.valueType as z.ZodType)}`]);
      case 'union':
        return text({ type: 'either' }, [
          `of: [${(def.options ?? []).map((option) => this.place(option)).join(', ')}]`,
        ]);
      default:
        throw unknown(`the schema "${def.type}"`);
    }
  }

  #map({ shape = {}, catchall }: Def, rules: Rules): string {
    if (catchall?.def.type !== 'never') throw unknown('a map that may have other fields');
    const field = ([name, one]: [string, z.ZodType]): string => `${name}: ${this.place(one)}`;
    const optional = Object.entries(shape).filter(([, one]) => one.def.type === 'optional');
    const needed = Object.entries(shape).filter(([, one]) => one.def.type !== 'optional');
    const inner = optional.map(([name, one]): [string, z.ZodType] => [
      name,
      (one.def as unknown as Def).innerType as z.ZodType,
    ]);
    const exactlyOneOf = rules.params()?.exactlyOneOf;
    return text({ type: 'map' }, [
      `needs: { ${needed.map(field).join(', ')} }`,
      `may: { ${inner.map(field).join(', ')} }`,
      ...(exactlyOneOf === undefined ? [] : [`exactlyOneOf: ${literal(exactlyOneOf)}`]),
    ]);
  }
}

/** The rules of one schema. Each is taken once; one that is left over was not understood. */
class Rules {
  readonly #left: Check[];

  constructor(def: Def) {
    this.#left = (def.checks ?? []).map(({ _zod }) => _zod.def);
  }

  #take(name: string): Check[] {
    const taken = this.#left.filter(({ check }) => check === name);
    for (const one of taken) this.#left.splice(this.#left.indexOf(one), 1);
    return taken;
  }

  min(name: string, otherwise?: number): number {
    return Math.max(...this.#bounds(name, otherwise));
  }

  max(name: string, otherwise?: number): number {
    return Math.min(...this.#bounds(name, otherwise));
  }

  #bounds(name: string, otherwise: number | undefined): number[] {
    const found = this.#take(name).map(({ minimum, maximum, value, inclusive = true }) => {
      if (!inclusive) throw unknown('a bound that is outside');
      return (minimum ?? maximum ?? value) as number;
    });
    if (found.length === 0 && otherwise === undefined) throw unknown(`a number without ${name}`);
    return found.length === 0 ? [otherwise as number] : found;
  }

  params(): Check['params'] {
    const [one, ...more] = this.#take('custom');
    if (more.length > 0) throw unknown('several refinements of one schema');
    const known = one?.params?.bytesMax !== undefined || one?.params?.exactlyOneOf !== undefined;
    if (one !== undefined && !known) throw unknown('a refinement that does not say in `params` what it asks for');
    return one?.params;
  }

  text(): Extract<Shape, { type: 'text' }> {
    const patterns = this.#take('string_format').map(({ format, pattern }) => {
      if (format !== 'regex' || pattern === undefined || /[gy]/.test(pattern.flags))
        throw unknown(`the format ${format}`);
      return pattern;
    });
    const bytesMax = this.params()?.bytesMax;
    const min = this.min('min_length', 0);
    return {
      type: 'text',
      ...(patterns.length === 0 ? {} : { patterns }),
      ...(min === 0 ? {} : { min }),
      ...(bytesMax === undefined ? {} : { bytesMax }),
    };
  }

  end(): void {
    const [left] = this.#left;
    if (left !== undefined) throw unknown(`the rule "${left.check}"`);
  }
}

const unknown = (what: string): Error => new Error(`lib/plan/shape.ts cannot say ${what}: teach it, or leave it out`);

const literal = (value: unknown): string => {
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return typeof value === 'string' ? `'${value}'` : String(value);
};

const text = (parts: object, more: readonly string[] = []): string =>
  `{ ${[...Object.entries(parts).map(([name, value]) => `${name}: ${literal(value)}`), ...more].join(', ')} }`;

/** The text of lib/plan/shapes.ts, before Biome has set its lines. */
export function shapesText(schemas: Readonly<Record<string, z.ZodType>> = SCHEMAS): string {
  const shapes = new Shapes(schemas);
  const tables = Object.entries(schemas).map(([name, one]) => `export const ${name}: Shape = ${shapes.of(one)};`);
  return [
    '/** Generated by generate-shapes.ts from the schemas of the plan (`npm run shapes`). Do not edit. */',
    "import type { Shape } from './shape.js';",
    ...tables,
  ].join('\n\n');
}

// From dist/modules/plan, where it runs.
if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(fileURLToPath(new URL('../../../lib/plan/shapes.ts', import.meta.url)), `${shapesText()}\n`);
