// Sends submits in a process of its own: as many as come through (`concurrency`), or at a fixed pace whatever becomes of them
// (`perSecond`), when latencies count from the moment at which a request was due.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { answerMessages, runFor } from '../adapter/answer-messages.mjs';

const pools = new Map();

answerMessages(async ({ url, route, headers, body, seconds, concurrency, perSecond }) => {
  if (!pools.has(url)) pools.set(url, new Pool(url, { connections: 64, pipelining: 1 }));
  const pool = pools.get(url);
  const submit = async () => {
    const answer = await pool.request({
      path: route,
      method: 'POST',
      headers: { ...headers, 'idempotency-key': randomUUID() },
      body,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 202) throw new Error(`status ${answer.statusCode}: ${text.slice(0, 300)}`);
  };
  return perSecond === undefined ? runFor({ seconds, concurrency }, submit) : atPace({ seconds, perSecond }, submit);
});

async function atPace({ seconds, perSecond }, submit) {
  const latenciesMs = [];
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: seconds * perSecond }, async (_, number) => {
      const dueMs = startedMs + (number * 1000) / perSecond;
      await sleep(dueMs - performance.now());
      await submit();
      latenciesMs.push(performance.now() - dueMs);
    }),
  );
  latenciesMs.sort((a, b) => a - b);
  const quantile = (part) => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * part))];
  return { units: latenciesMs.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}
