/** What a wrong value was, short enough for a message. Pure. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : `an object (${constructorName(value)})`;
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}

/** A Proxy or a getter may answer anything, or throw. */
function constructorName(value: object): string {
  try {
    const name: unknown = value.constructor?.name;
    return typeof name === 'string' ? name : 'no prototype';
  } catch {
    return 'its constructor cannot be read';
  }
}
