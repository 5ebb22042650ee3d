/** The stages of orders.yaml: `open` and `byteor` run them in worker threads. */

import { readFileSync } from 'node:fs';

/** A call a record, several at once. What it throws makes a letter of the record. */
export async function customer(order) {
  const url = new URL(`/customers/${encodeURIComponent(order.customer)}`, process.env.CUSTOMERS);
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  if (!response.ok) throw new Error(`no customer "${order.customer}": the service answered ${response.status}`);
  order.name = (await response.json()).name;
}

/** A table that is read once, when the stage starts. */
export const price = {
  start: ({ config }) => {
    const lines = readFileSync(config.table, 'utf8').trim().split('\n');
    return { prices: new Map(lines.map((line) => line.split(','))), unknown: 0 };
  },
  batch(orders, state) {
    for (const order of orders) {
      const price = state.prices.get(order.value.item);
      if (price === undefined) state.unknown++;
      else order.value.price = Number(price);
    }
  },
  end: ({ unknown }) => ({ unknown_items: unknown }),
};
