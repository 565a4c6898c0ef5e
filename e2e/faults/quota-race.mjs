// Many submits at the same moment against a quota of open jobs, spread over two gateways: exactly as many jobs as the quota allows, the
// others are refused with 429 and Retry-After. Jobs are removed between rounds.
// usage: node e2e/faults/quota-race.mjs [--rounds 20] [--submits 200] [--quota 50] [--gateways 2]
import { randomUUID } from 'node:crypto';
import { JobClient } from './job-client.mjs';
import { openJobSystem } from './job-system.mjs';
import { printHeader, query, readNumbers, tinyMedia } from './run-faults.mjs';

const { rounds, submits, quota, gateways } = readNumbers({ rounds: 20, submits: 200, quota: 50, gateways: 2 });
printHeader('quota race');
const system = await openJobSystem({ gateways, settings: { NIGHTJAR_JOBS_OPEN_MAX: String(quota) } });
const media = await tinyMedia(system.scratch);
const client = new JobClient({ urls: system.gateways.map(({ url }) => url), apiKey: system.apiKey, media, random: Math.random });
let passed = true;
try {
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(
      Array.from({ length: submits }, (_, number) =>
        number % 2 === 0
          ? client.send('POST', '/v0.2/request/images', {
              headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
              body: client.imagesBody(),
            })
          : client.send('POST', '/v0.2/request/video', {
              headers: { ...client.videoHeaders(), 'Idempotency-Key': randomUUID() },
              body: media.video,
            }),
      ),
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
