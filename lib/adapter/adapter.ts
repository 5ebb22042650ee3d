/**
 * What an adapter says of itself: its name, its sides, and its configuration, key by key. `open`, the command line,
 * completion and `capabilities` read nothing else of it; its other half is native/adapter/NAME. Pure; any thread.
 */

export type Side = 'ingress' | 'egress';

interface AnyKey {
  /** A sentence for `capabilities` and the docs. */
  readonly help: string;
  /** The sides that have it. Default: all of the adapter's. */
  readonly sides?: readonly Side[];
}

/** A text that is not empty and holds no NUL, as no path does. */
export interface TextKey extends AnyKey {
  readonly type: 'text';
  /** What stands for it in help and messages, like `PATH`. */
  readonly placeholder: string;
  /** What is to be given, as it stands behind "give". */
  readonly give: string;
  /** What a shell completes it with. */
  readonly completes?: 'files' | 'folders';
}
export interface IntegerKey extends AnyKey {
  readonly type: 'integer';
  readonly min: number;
  readonly max: number;
}
export interface FlagKey extends AnyKey {
  readonly type: 'flag';
  readonly default: boolean;
}
export interface WordKey<Word extends string = string> extends AnyKey {
  readonly type: 'word';
  readonly words: readonly Word[];
  readonly default: Word;
}

/** A key of a configuration; one that is `required` has no default. */
export type Key = (TextKey | IntegerKey | FlagKey | WordKey) & { readonly required?: true };

/** A value of a configuration, as it crosses to the core. */
export type ConfigValue = string | number | boolean;
export type Config = Readonly<Record<string, ConfigValue>>;

/** What is wrong with a configuration: at which key, and what to do. */
export interface ConfigProblem {
  /** Undefined: the configuration as a whole. */
  readonly key: string | undefined;
  readonly received: unknown;
  readonly remedy: string;
}

/**
 * A row of the registry. `Ports` has, side by side, what stands in the `ports` of `open`: the flat form
 * (`adapter: 'NAME'`), and the short one where there is one.
 */
export interface Adapter<Ports = unknown> {
  readonly name: string;
  /** The sides that it has, each with a sentence for help and completion. */
  readonly sides: Readonly<Partial<Record<Side, string>>>;
  readonly keys: Readonly<Record<string, Key>>;
  /** The key whose value is the target of the command line, `NAME:TARGET`. */
  readonly target: string;
  /** Keys of flags that the command line may also put before the target, `NAME+flag:TARGET`. */
  readonly flags: readonly string[];
  /** `{ NAME: TARGET, … }` is a short form of `{ adapter: 'NAME', … }`. */
  readonly short: boolean;
  /** The target is the path of a file, and `-` the standard stream of its side. */
  readonly file: boolean;
  /** Of an ingress: what is opened once more gives the same records, as a comparison needs it. */
  readonly rereads: boolean;
  /** Rules between keys, of a configuration whose every key is sound. */
  readonly check?: (config: Config) => ConfigProblem | undefined;
  /** Never there: for the types alone. */
  readonly ports?: Ports;
}

/** The keys of all members of a union. */
type KeysOf<Union> = Union extends unknown ? keyof Union : never;
type ValueOf<Union, Name> = Union extends unknown ? (Name extends keyof Union ? Union[Name] : never) : never;

type KeyFor<Value> = [Value] extends [boolean]
  ? FlagKey
  : [Value] extends [number]
    ? IntegerKey
    : string extends Value
      ? TextKey
      : WordKey<Value & string>;

type IsOptional<Union, Name> = Union extends unknown
  ? Name extends keyof Union
    ? object extends Pick<Union, Name>
      ? true
      : never
    : never
  : never;

/** The flat forms of all sides. */
type Flat<Ports> = Extract<Ports[keyof Ports], { readonly adapter: string }>;

/** Its keys are those of the types, each of its type, and required where it may not be left out. */
type Keys<Config> = {
  readonly [Name in Exclude<KeysOf<Config>, 'adapter'>]: KeyFor<Exclude<ValueOf<Config, Name>, undefined>> &
    ([IsOptional<Config, Name>] extends [never] ? { readonly required: true } : { readonly required?: never });
};

/** An adapter whose table of keys says what the types of its ports say: otherwise this does not compile. */
export const defineAdapter = <Ports extends Readonly<Partial<Record<Side, unknown>>>>(
  adapter: Omit<Adapter<Ports>, 'keys' | 'sides' | 'ports'> & {
    readonly sides: Readonly<Record<keyof Ports & Side, string>>;
    readonly keys: Keys<Flat<Ports>>;
  },
): Adapter<Ports> => adapter as unknown as Adapter<Ports>;

/** The keys that an adapter has at a side. */
export const keysAt = ({ keys }: Adapter, side: Side): readonly (readonly [name: string, key: Key])[] =>
  Object.entries(keys).filter(([, { sides }]) => sides?.includes(side) ?? true);
