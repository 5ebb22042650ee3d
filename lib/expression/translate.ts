/** The library's checked tree as the tree of tree.ts: names resolved, macros recognised, what has no place in a program refused. Pure. */
import { GLOBAL_FUNCTIONS, MEMBER_FUNCTIONS, NAMESPACE_FUNCTIONS, TYPE_NAMES } from './functions.js';
import type { LibraryNode } from './library-node.js';
import { ExpressionError } from './source.js';
import type { BinaryOperator, Expr, ExprFunction, Placed } from './tree.js';
import { dottedName, LOOPS, type OptionalEntries } from './typing.js';
import { CelType, CelUint, type CelValue } from './values.js';

const PROTOBUF_TYPES: ReadonlySet<string> = new Set(['google.protobuf.Timestamp', 'google.protobuf.Duration']);

export interface TranslateOptions {
  readonly constants: ReadonlyMap<string, CelValue>;
  readonly optionalEntries: OptionalEntries;
  /** Of the expression, as it was given. */
  readonly text: string;
  /** Whether the checker has seen the tree; without it what is not known becomes a `failure`. */
  readonly checked: boolean;
}

export class Translator {
  readonly #options: TranslateOptions;
  /** Variables of the macros around the place. */
  readonly #scope: string[] = [];

  constructor(options: TranslateOptions) {
    this.#options = options;
  }

  /** @throws ExpressionError */
  translate(node: LibraryNode): Expr {
    return this.#translate(node);
  }

  #placed(node: LibraryNode): Placed {
    const type = node.checkedType?.name ?? 'dyn';
    return { start: node.start, end: node.end, type: type === 'null' ? 'null_type' : type };
  }

  #unknown(node: LibraryNode, message: string): Expr {
    if (!this.#options.checked) return { ...this.#placed(node), kind: 'failure' };
    throw new ExpressionError(message, node.start, node.end);
  }

  #translate(node: LibraryNode): Expr {
    const at = this.#placed(node);
    switch (node.op) {
      case 'value':
        return { ...at, kind: 'literal', value: this.#literal(node.args) };
      case 'id':
        return this.#name(node);
      case '.':
      case '.?':
        return this.#select(node, node.args[0], node.args[1], node.op === '.?');
      case '[]':
      case '[?]':
        return this.#index(node);
      case 'call':
        return this.#call(node);
      case 'rcall':
        return this.#memberCall(node);
      case 'list':
        return { ...at, kind: 'list', entries: node.args.map((entry: LibraryNode) => this.#entry(entry)) };
      case 'map':
        return {
          ...at,
          kind: 'map',
          entries: node.args.map(([key, value]: LibraryNode[]) => ({
            key: this.#translate(key as LibraryNode),
            ...this.#entry(value as LibraryNode),
          })),
        };
      case '?:':
        return {
          ...at,
          kind: 'choose',
          test: this.#translate(node.args[0]),
          ifTrue: this.#translate(node.args[1]),
          ifFalse: this.#translate(node.args[2]),
        };
      case '||':
      case '&&':
        return {
          ...at,
          kind: node.op === '||' ? 'or' : 'and',
          left: this.#translate(node.args[0]),
          right: this.#translate(node.args[1]),
        };
      case '!_':
        return { ...at, kind: 'not', of: this.#translate(node.args) };
      case '-_':
        return this.#negate(node);
      default:
        return {
          ...at,
          kind: 'binary',
          op: node.op as BinaryOperator,
          left: this.#translate(node.args[0]),
          right: this.#translate(node.args[1]),
        };
    }
  }

  #literal(value: unknown): CelValue {
    // Of all that a literal holds only the library's uint is an object besides bytes.
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value as CelValue;
    return new CelUint((value as { valueOf(): bigint }).valueOf());
  }

  #entry(value: LibraryNode): { value: Expr; optional: boolean } {
    return { value: this.#translate(value), optional: this.#options.optionalEntries.has(value) };
  }

  #negate(node: LibraryNode): Expr {
    const at = this.#placed(node);
    const of = this.#translate(node.args);
    if (of.kind !== 'literal' || typeof of.value !== 'bigint') return { ...at, kind: 'negate', of };
    // -9223372036854775808 is a literal of CEL; its digits alone are no int.
    if (node.args.start === node.start + 1) return { ...at, kind: 'literal', value: -of.value };
    return { ...at, kind: 'negate', of };
  }

  #name(node: LibraryNode): Expr {
    const at = this.#placed(node);
    const name = node.args as string;
    if (this.#scope.includes(name)) return { ...at, kind: 'local', name };
    const constant = this.#options.constants.get(name);
    if (constant !== undefined) return { ...at, kind: 'literal', value: constant };
    if (name === 'record') return { ...at, kind: 'record' };
    if (TYPE_NAMES.has(name)) return { ...at, kind: 'literal', value: new CelType(name) };
    return this.#unknown(node, `${name} is no value; write it with what it has, such as ${name}.of(1)`);
  }

  #isOptional(of: Expr): boolean {
    return of.type.startsWith('optional');
  }

  /** Without a check the types of optionals are taken from how they are written. */
  #optionalType(at: Placed, optional: boolean): Placed {
    return optional && !at.type.startsWith('optional') ? { ...at, type: 'optional<dyn>' } : at;
  }

  #select(node: LibraryNode, of: LibraryNode, name: string, optional: boolean): Expr {
    const dotted = dottedName(node);
    if (dotted !== undefined && !this.#scope.includes(dotted.split('.')[0] as string)) {
      const constant = this.#options.constants.get(dotted);
      if (constant !== undefined) return { ...this.#placed(node), kind: 'literal', value: constant };
      if (PROTOBUF_TYPES.has(dotted)) return { ...this.#placed(node), kind: 'literal', value: new CelType(dotted) };
    }
    const inner = this.#translate(of);
    const chained = this.#isOptional(inner);
    const at = this.#optionalType(this.#placed(node), optional || chained);
    return { ...at, kind: 'select', of: inner, name, optional, chained };
  }

  #index(node: LibraryNode): Expr {
    const [of, key] = node.args as [LibraryNode, LibraryNode];
    const optional = node.op === '[?]';
    if (key.op === 'value' && typeof key.args === 'string' && this.#isMember(of))
      return this.#select(node, of, key.args, optional);
    const inner = this.#translate(of);
    const chained = this.#isOptional(inner);
    const at = this.#optionalType(this.#placed(node), optional || chained);
    return { ...at, kind: 'index', of: inner, key: this.#translate(key), optional, chained };
  }

  /** Whether a node is the record or a member of it by names alone. */
  #isMember(node: LibraryNode): boolean {
    if (node.op === 'id') return node.args === 'record' && !this.#scope.includes('record');
    const literalKey = node.op === '[]' && node.args[1].op === 'value' && typeof node.args[1].args === 'string';
    return (node.op === '.' || literalKey) && this.#isMember(node.args[0]);
  }

  #call(node: LibraryNode): Expr {
    const [name, args] = node.args as [string, LibraryNode[]];
    const at = this.#placed(node);
    if (name === 'has') return this.#has(node, args);
    if (name === 'dyn' && args.length === 1) return { ...at, kind: 'dyn', of: this.#translate(args[0] as LibraryNode) };
    if (name === 'matches' && args.length === 2) return this.#matches(node, args[0], args[1]);
    const fn = GLOBAL_FUNCTIONS[name]?.[args.length];
    if (fn !== undefined) return this.#function(node, fn, args);
    return this.#unknown(node, `there is no function ${name}() of ${args.length} arguments`);
  }

  #has(node: LibraryNode, args: readonly LibraryNode[]): Expr {
    const [arg] = args;
    const at = { ...this.#placed(node), type: 'bool' };
    if (args.length !== 1 || arg?.op !== '.')
      throw new ExpressionError(
        'has() takes one member by name; write has(record.a), or "a-b" in record where the name is no word',
        node.start,
        node.end,
      );
    const of = this.#translate(arg.args[0]);
    return { ...at, kind: 'has', of, name: arg.args[1], chained: this.#isOptional(of) };
  }

  #function(node: LibraryNode, fn: ExprFunction, args: readonly LibraryNode[]): Expr {
    const at = this.#optionalType(this.#placed(node), fn.startsWith('Optional'));
    return { ...at, kind: 'call', fn, args: args.map((arg) => this.#translate(arg)) };
  }

  #matches(node: LibraryNode, of: LibraryNode | undefined, pattern: LibraryNode | undefined): Expr {
    const text = pattern && this.#translate(pattern);
    if (of === undefined || pattern === undefined || text?.kind !== 'literal' || typeof text.value !== 'string') {
      const [start, end] = [pattern?.start ?? node.start, pattern?.end ?? node.end];
      if (!this.#options.checked) return { ...this.#placed(node), kind: 'failure' };
      throw new ExpressionError(
        'the pattern of matches() is built before a record is seen, so it is a literal; write it in quotes',
        start,
        end,
      );
    }
    const quotes = /^[rR]?("{3}|'{3}|["'])/.exec(this.#options.text.slice(pattern.start, pattern.end));
    const place = {
      start: pattern.start + (quotes?.[0].length ?? 0),
      end: pattern.end - (quotes?.[1]?.length ?? 0),
    };
    return { ...this.#placed(node), kind: 'matches', of: this.#translate(of), pattern: text.value, place };
  }

  #memberCall(node: LibraryNode): Expr {
    const [name, receiver, args] = node.args as [string, LibraryNode, LibraryNode[]];
    const space = receiver.op === 'id' && !this.#scope.includes(receiver.args) ? (receiver.args as string) : '';
    if (space === 'cel' && name === 'bind' && args.length === 3) return this.#bind(node, args);
    const spaced = Object.hasOwn(NAMESPACE_FUNCTIONS, space) ? NAMESPACE_FUNCTIONS[space]?.[name] : undefined;
    if (spaced !== undefined) return this.#spaced(node, spaced, args);
    const loop = LOOPS[`${name}/${args.length}`];
    if (loop !== undefined && args[0]?.op === 'id') return this.#loop(node);
    if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) return this.#optMap(node);
    const [arg] = args;
    if ((name === 'or' || name === 'orValue') && args.length === 1 && arg !== undefined) {
      const value = name === 'orValue';
      const at = this.#optionalType(this.#placed(node), !value);
      return { ...at, kind: 'orElse', left: this.#translate(receiver), right: this.#translate(arg), value };
    }
    if (name === 'matches' && args.length === 1) return this.#matches(node, receiver, arg);
    const fn = Object.hasOwn(MEMBER_FUNCTIONS, name) ? MEMBER_FUNCTIONS[name]?.[args.length] : undefined;
    if (fn !== undefined) return this.#function(node, fn, [receiver, ...args]);
    return this.#unknown(node, `there is no function .${name}() of ${args.length} arguments`);
  }

  #spaced(node: LibraryNode, fn: ExprFunction, args: readonly LibraryNode[]): Expr {
    const at = this.#placed(node);
    if (fn !== 'Greatest' && fn !== 'Least') return this.#function(node, fn, args);
    const [only] = args;
    if (args.length === 1 && only !== undefined && (only.op === 'list' || only.checkedType?.kind === 'list'))
      return { ...at, kind: 'call', fn, args: [this.#translate(only)] };
    const entries = args.map((arg) => ({ value: this.#translate(arg), optional: false }));
    return { ...at, kind: 'call', fn, args: [{ ...at, type: 'list', kind: 'list', entries }] };
  }

  #within<T>(names: readonly string[], run: () => T): T {
    this.#scope.push(...names);
    const result = run();
    this.#scope.length -= names.length;
    return result;
  }

  #bind(node: LibraryNode, [variable, value, body]: readonly LibraryNode[]): Expr {
    if (variable?.op !== 'id' || value === undefined || body === undefined)
      throw new ExpressionError('cel.bind() takes a name, a value and an expression', node.start, node.end);
    const name = variable.args as string;
    const bound = this.#translate(value);
    const inside = this.#within([name], () => this.#translate(body));
    return { ...this.#typedAs(node, inside), kind: 'bind', name, value: bound, body: inside };
  }

  /** Of a node that the check gives no better type, that of what it results in. */
  #typedAs(node: LibraryNode, inside: Expr): Placed {
    const at = this.#placed(node);
    return at.type === 'dyn' ? { ...at, type: inside.type } : at;
  }

  #loop(node: LibraryNode): Expr {
    const [name, receiver, args] = node.args as [string, LibraryNode, LibraryNode[]];
    const [loop, count, filtered] = LOOPS[`${name}/${args.length}`] as (typeof LOOPS)[string];
    const over = this.#translate(receiver);
    const variables = args.slice(0, count).map((arg) => arg.args as string);
    return this.#within(variables, () => ({
      ...this.#placed(node),
      kind: 'loop' as const,
      loop,
      over,
      variables,
      filter: filtered ? this.#translate(args[count] as LibraryNode) : undefined,
      body: this.#translate(args.at(-1) as LibraryNode),
    }));
  }

  #optMap(node: LibraryNode): Expr {
    const [method, receiver, args] = node.args as [string, LibraryNode, LibraryNode[]];
    const of = this.#translate(receiver);
    const name = args[0]?.args as string;
    const body = this.#within([name], () => this.#translate(args[1] as LibraryNode));
    const at = this.#optionalType(this.#placed(node), true);
    return { ...at, kind: 'optMap', of, name, body, flat: method === 'optFlatMap' };
  }
}
