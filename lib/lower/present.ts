/** A checked plan has what is asked for here; without it the plan was forged by a cast. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`the plan has no ${what}; pass a plan that validate() accepted`);
  return value;
}
