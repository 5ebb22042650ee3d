/**
 * Made-up log lines, always the same for the same number: an access log in the combined format, and service events as
 * NDJSON. No line depends on the time or the machine.
 */

/** A small generator of pseudo-random 32-bit numbers (xorshift); deterministic, not for secrets. */
export class Dice {
  #state;
  constructor(seed = 0x2545f491) {
    this.#state = seed | 0;
  }
  /** 0 … 2^32 - 1 */
  next() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
  /** An element of a list whose length is a power of two. */
  of(list) {
    return list[(this.next() >>> 8) & (list.length - 1)];
  }
}

/** A list of 2^k elements in which each word stands as often as its share asks for. */
function weighted(shares, size = 256) {
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  const list = Object.entries(shares).flatMap(([word, share]) =>
    new Array(Math.max(1, Math.floor((share / total) * size))).fill(word),
  );
  const most = Object.entries(shares).sort((a, b) => b[1] - a[1])[0][0];
  while (list.length < size) list.push(most);
  return list.slice(-size);
}

const STATUSES = weighted({ 200: 820, 304: 70, 404: 45, 301: 20, 500: 12, 401: 10, 503: 6, 429: 5 });
const PATHS = weighted({
  '/': 60,
  '/login': 30,
  '/api/orders': 60,
  '/api/orders/8421/items': 40,
  '/api/cart': 50,
  '/search?q=ring+buffer': 30,
  '/static/app.3f9c1.js': 40,
  '/static/site.css': 40,
  '/img/logo.svg': 30,
  '/metrics': 10,
});
const AGENTS = weighted({
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0': 5,
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15': 3,
  'curl/8.8.0': 2,
  'okhttp/4.12.0': 2,
});
const METHODS = weighted({ GET: 12, POST: 3, PUT: 1 }, 16);
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));
const TWO = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** The lines of an access log, one call a line. `healthCheck` and `status` tell about the last one. */
export class AccessLog {
  healthCheck = false;
  status = '';
  #dice = new Dice();
  #count = 0;

  line() {
    const dice = this.#dice;
    const second = Math.floor(this.#count++ / 40);
    const time = `${HOURS[Math.floor(second / 3600) % 24]}:${TWO[Math.floor(second / 60) % 60]}:${TWO[second % 60]}`;
    const bits = dice.next();
    this.healthCheck = (bits & 7) === 0;
    if (this.healthCheck) {
      this.status = '200';
      return `10.0.${bits >>> 24}.1 - - [23/Nov/2026:${time} +0000] "GET /health HTTP/1.1" 200 2 "-" "kube-probe/1.30"`;
    }
    this.status = dice.of(STATUSES);
    const host = `203.0.${(bits >>> 8) & 255}.${(bits >>> 16) & 255}`;
    const request = `${dice.of(METHODS)} ${dice.of(PATHS)} HTTP/1.1`;
    const size = (dice.next() >>> 14) & 0xffff;
    return `${host} - - [23/Nov/2026:${time} +0000] "${request}" ${this.status} ${size} "-" "${dice.of(AGENTS)}"`;
  }
}

const LEVELS = weighted({ INFO: 54, DEBUG: 30, WARN: 10, ERROR: 6 });
const SERVICES = weighted({ checkout: 20, search: 25, accounts: 15, mailer: 10, gateway: 30 });
const TEXTS = weighted({
  'request handled': 40,
  'cache miss, asking the store': 20,
  'connection to the store was closed by the other end, will connect again': 10,
  'sent to \\"billing\\" after 2 tries': 8,
});

/** Service events as NDJSON, one call a line. `level` tells about the last one. */
export class Events {
  level = '';
  #dice = new Dice(0x1234567);
  #count = 0;

  line() {
    const dice = this.#dice;
    const id = this.#count++;
    const bits = dice.next();
    this.level = dice.of(LEVELS);
    const trace = (bits ^ 0x9e3779b9) >>> 0;
    return (
      `{"ts":${1_780_000_000_000 + id * 7},"level":"${this.level}","service":"${dice.of(SERVICES)}",` +
      `"host":"node-${bits & 31}","trace":"${trace.toString(16).padStart(8, '0')}${TWO[bits % 60]}","ms":${(bits >>> 9) % 1000}.${
        bits & 7
      },"user":{"id":${bits >>> 12},"plan":"free"},"message":"${dice.of(TEXTS)}","tags":["a","eu-${bits & 3}"]}`
    );
  }
}
