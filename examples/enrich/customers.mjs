/** Stands in for the service that knows the customers: those named on its command line. Prints its URL. */

import { once } from 'node:events';
import { createServer } from 'node:http';

const known = process.argv.slice(2);
const server = createServer((request, response) => {
  const id = decodeURIComponent(request.url?.split('/').at(-1) ?? '');
  if (!known.includes(id)) return response.writeHead(404).end();
  response.end(JSON.stringify({ name: id[0].toUpperCase() + id.slice(1) }));
});
await once(server.listen(0), 'listening');
console.log(`http://localhost:${server.address().port}`);
process.once('SIGTERM', () => process.exit());
