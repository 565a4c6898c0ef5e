// A client that does as the documentation says: one Idempotency-Key for what it wants, the same request again until it hears 202, then
// it polls. Open loop: it sends at its own pace, whatever becomes of the earlier requests.
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import { sleep } from '../journey/checks.mjs';
import { webhookSecret } from './webhook-receiver.mjs';

const tryMs = 20_000;
/** Longer than the lock of an Idempotency-Key whose gateway died. */
const giveUpMs = 180_000;
/** Impatient: what the server asks for is capped, so that more requests meet the fault. */
const usualPauseMsMax = 1_000;
/** So many requests of a client are under way at most; over it the pace is not kept, and the verdict says so. */
const inFlightMax = 2_000;

/** Bodies to send: `video` a small file, `images` the pictures of a batch in base64. */
export class JobClient {
  polled = new Map();
  inFlight = 0;
  skipped = 0;
  slowestMs = 0;

  constructor({ urls, apiKey, ledger, media, webhookUrl, random, pauseMsMax = usualPauseMsMax }) {
    Object.assign(this, { urls, apiKey, ledger, media, webhookUrl, random, pauseMsMax });
    this.dispatcher = new Agent({ connections: 256, keepAliveTimeout: 10_000 });
    this.sent = [];
  }

  /** Starts submits at this pace until the signal. Await `settled` afterwards. */
  async submitAt(perSecond, signal) {
    const startedMs = performance.now();
    for (let number = 0; !signal.aborted; number++) {
      const dueMs = startedMs + (number * 1000) / perSecond;
      await sleep(Math.max(0, dueMs - performance.now()));
      if (this.inFlight >= inFlightMax) this.skipped++;
      else this.sent.push(this.submit(number));
    }
  }

  /** Waits until every submit was accepted or given up. */
  settled() {
    return Promise.all(this.sent);
  }

  /** One job: the same request until it is accepted. */
  async submit(number) {
    const key = randomUUID();
    const isVideo = number % 2 === 1;
    this.ledger.wanted(key, isVideo ? 'video' : 'image', { webhook: this.webhookUrl !== undefined });
    this.inFlight++;
    try {
      for (const endMs = performance.now() + giveUpMs; performance.now() < endMs;) {
        const pauseMs = await this.trySubmit(key, isVideo, number);
        if (pauseMs === undefined) return;
        await sleep(pauseMs);
      }
    } finally {
      this.inFlight--;
    }
  }

  /** @returns undefined when there is nothing to repeat, else the pause before the next try */
  async trySubmit(key, isVideo, number) {
    let answer;
    try {
      answer = await this.send('POST', isVideo ? '/v0.2/request/video' : '/v0.2/request/images', {
        headers: { 'Idempotency-Key': key, ...(isVideo ? this.videoHeaders() : { 'Content-Type': 'application/json' }) },
        // Some videos come in slowly: a fault meets them in the middle.
        body: isVideo ? (number % 10 === 1 ? slowly(this.media.video) : this.media.video) : this.imagesBody(),
      });
    } catch (error) {
      this.ledger.unheard(key, typeof error.code === 'string' ? error.code : error.name);
      return 100 + this.random() * 400;
    }
    const { status, headers, json } = answer;
    const retryAfter = headers['retry-after'];
    this.ledger.answered(key, { status, retryAfter, jobId: json?.job_id, code: json?.error?.code });
    if (status === 202) this.polled.set(json.job_id, headers.location);
    const repeats = status === 409 || status === 429 || status >= 500;
    return repeats ? Math.min(this.pauseMsMax, Number(retryAfter ?? 1) * 1000) : undefined;
  }

  /** Asks for the jobs that have not ended yet, again and again, until the signal. */
  async pollUntil(signal) {
    const ended = new Set();
    while (!signal.aborted) {
      for (const [jobId, location] of this.polled) {
        if (signal.aborted) return;
        if (ended.has(jobId)) continue;
        const answer = await this.send('GET', location).catch(() => undefined);
        if (answer?.status === 200 && isEnd(answer.json.status)) {
          this.ledger.seen(jobId, { httpStatus: 200, status: answer.json.status });
          ended.add(jobId);
        }
        await sleep(5);
      }
      await sleep(200);
    }
  }

  /** Looks at every accepted job once more; repeats only where nothing was heard or the server said to come again. */
  async lookAtAll() {
    const waiting = [...this.polled];
    const look = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [jobId, location] = next;
        for (let tries = 0; tries < 50; tries++) {
          const answer = await this.send('GET', location).catch(() => undefined);
          if (answer && answer.status !== 503) {
            this.ledger.seen(jobId, { httpStatus: answer.status, status: answer.json?.status, last: true });
            break;
          }
          await sleep(200);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, look));
  }

  close() {
    return this.dispatcher.destroy();
  }

  async send(method, path, { headers = {}, body } = {}) {
    const sentMs = performance.now();
    const url = this.urls[Math.floor(this.random() * this.urls.length)];
    const answer = await request(url + path, {
      method,
      headers: { 'X-API-Key': this.apiKey, ...headers },
      body,
      dispatcher: this.dispatcher,
      signal: AbortSignal.timeout(tryMs),
    });
    const text = await answer.body.text();
    this.slowestMs = Math.max(this.slowestMs, performance.now() - sentMs);
    const isJson = String(answer.headers['content-type']).includes('json');
    return { status: answer.statusCode, headers: answer.headers, json: isJson ? JSON.parse(text) : undefined };
  }

  videoHeaders() {
    const webhook = this.webhookUrl && { 'X-Webhook-Url': this.webhookUrl, 'X-Webhook-Secret': webhookSecret };
    return { 'Content-Type': 'video/mp4', 'Content-Length': String(this.media.video.length), ...webhook };
  }

  imagesBody() {
    const images = this.media.images.map((data, index) => ({ external_id: String(index), data_base64: data.toString('base64') }));
    const webhook = this.webhookUrl && { url: this.webhookUrl, secret: webhookSecret };
    return JSON.stringify({ images, ...(webhook ? { webhook } : {}) });
  }
}

const isEnd = (status) => status === 'finished' || status === 'failed';

async function* slowly(bytes) {
  const pieces = 10;
  for (let piece = 0; piece < pieces; piece++) {
    yield bytes.subarray(Math.floor((piece * bytes.length) / pieces), Math.floor(((piece + 1) * bytes.length) / pieces));
    await sleep(100);
  }
}
