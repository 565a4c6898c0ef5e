// Sends requests over connections that are kept, in a process of its own. Bodies are ready-made: what it costs is not the server's.
import { Pool } from 'undici';
import { InferenceDispatcher, Bus } from '../../libs/messaging/dist/index.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';
import { answerMessages, runFor } from './answer-messages.mjs';

const pools = new Map();
let dispatcher;

answerMessages((message) => (message.type === 'http' ? sendHttp(message) : sendBus(message)));

/** `requests` are sent in turn: `{path, headers, body}`. `keep`: JSON answers to return with the numbers. */
async function sendHttp({ url, requests, seconds, concurrency, keep = 0 }) {
  if (!pools.has(url)) pools.set(url, new Pool(url, { connections: 64, pipelining: 1 }));
  const pool = pools.get(url);
  const answers = [];
  const result = await runFor({ seconds, concurrency }, async (number) => {
    const { path, headers, body } = requests[number % requests.length];
    const begunMs = performance.now();
    const answer = await pool.request({ path, method: 'POST', headers, body: Buffer.from(body) });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}: ${text.slice(0, 300)}`);
    if (answers.length < keep) answers.push({ tookMs: performance.now() - begunMs, json: JSON.parse(text) });
  });
  return { ...result, answers };
}

async function sendBus({ natsUrl, picture, seconds, concurrency }) {
  if (!dispatcher) {
    const bus = Bus.open({ url: natsUrl, name: 'bench', logger: createLogger({ service: 'bench', level: 'error' }) });
    for (let tries = 0; ; tries++) {
      try {
        bus.requireConnection();
        break;
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    dispatcher = new InferenceDispatcher(bus, systemClock);
  }
  return runFor({ seconds, concurrency }, () =>
    dispatcher.infer({ capability: 'person_detection', lane: 'live', source: 'bench', picture, timeoutMs: 20_000 }),
  );
}
