/** Takes orders by HTTP, one a request, and appends them to enriched.ndjson with what orders.yaml adds. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { compile, open, validateText } from 'byteor';

const { plan } = validateText(readFileSync(new URL('orders.yaml', import.meta.url)));
const module = new URL('stages.mjs', import.meta.url);
const pipeline = open(compile(plan), {
  stages: {
    customer: { module, export: 'customer', concurrency: 8 },
    price: { module, export: 'price' },
  },
  ports: { out: { lines: 'enriched.ndjson', append: true } },
  deadLetters: { folder: 'letters' },
});
const orders = pipeline.ingress('in');

async function take(request, response) {
  let body = '';
  for await (const part of request.setEncoding('utf8')) body += part;
  let order;
  try {
    order = JSON.parse(body);
  } catch {
    return response.writeHead(400).end('not JSON\n');
  }
  const status = orders.tryPush(order);
  response.writeHead({ OK: 202, FULL: 429, TOO_LARGE: 413 }[status] ?? 503).end();
}
const server = createServer((request, response) => {
  take(request, response).catch(() => request.destroy());
});
server.listen(process.env.PORT);

process.once('SIGTERM', () => {
  server.close();
  pipeline.stop();
});
// Then, or when the pipeline has ended by itself: a full disk, a promise that never settled.
const { stages, failure } = await pipeline.finished();
if (failure !== null) {
  console.error(`${failure.stage}: ${failure.cause}`);
  process.exit(1);
}
const { out, dead_lettered } = stages.customer;
console.log(`${out} enriched, ${dead_lettered} lettered, ${JSON.stringify(pipeline.reports().price)}`);
