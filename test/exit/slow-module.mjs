/** A module that has not loaded when its pipeline ends. */
await new Promise((resolve) => setTimeout(resolve, 60_000));

export default () => {};
