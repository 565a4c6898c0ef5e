// Many submits at the same moment against a quota of open jobs, spread over two gateways: exactly as many jobs as the quota allows, the
// others are refused with 429 and Retry-After. A third each are pictures, videos, and videos by their URL. Jobs are removed between rounds.
// usage: node e2e/faults/quota-race.mjs [--rounds 20] [--submits 200] [--quota 50] [--gateways 2]
import { randomUUID } from 'node:crypto';
import { JobClient } from './job-client.mjs';
import { openJobSystem } from './job-system.mjs';
import { printHeader, query, readNumbers, tinyMedia } from './run-faults.mjs';

const { rounds, submits, quota, gateways } = readNumbers({ rounds: 20, submits: 200, quota: 50, gateways: 2 });
printHeader('quota race');
// Nobody listens there: what is submitted by URL stays open.
const byUrl = JSON.stringify({ video_url: 'http://127.0.0.1:9999/video.mp4' });
const settings = { NIGHTJAR_JOBS_OPEN_MAX: String(quota), NIGHTJAR_URL_SUBMIT_NETWORKS: '127.0.0.0/8' };
const system = await openJobSystem({ gateways, settings });
const media = await tinyMedia(system.scratch);
const client = new JobClient({ urls: system.gateways.map(({ url }) => url), apiKey: system.apiKey, media, random: Math.random });
let passed = true;
try {
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(
      Array.from({ length: submits }, (_, number) => {
        const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
        if (number % 3 === 0) return client.send('POST', '/v0.2/request/images', { headers, body: client.imagesBody() });
        if (number % 3 === 1) return client.send('POST', '/v0.2/request/video', { headers, body: byUrl });
        return client.send('POST', '/v0.2/request/video', { headers: { ...headers, ...client.videoHeaders() }, body: media.video });
      }),
    );
    const accepted = answers.filter(({ status }) => status === 202).length;
    const refused = answers.filter(({ status, headers }) => status === 429 && headers['retry-after'] !== undefined).length;
    const [{ jobs }] = await query(system, 'SELECT count(*)::int AS jobs FROM jobs.job');
    const isRight = accepted === quota && jobs === quota && refused === submits - quota;
    passed &&= isRight;
    console.log(`  round ${round + 1}: ${accepted} accepted, ${jobs} jobs, ${refused} refused with 429${isRight ? '' : '   <--'}`);
    await query(system, 'DELETE FROM jobs.job');
  }
} finally {
  await client.close();
  await system.close({ keep: !passed });
}
console.log(passed ? 'passed' : `FAILED; logs are in ${system.scratch}`);
process.exit(passed ? 0 : 1);
