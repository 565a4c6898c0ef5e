// The queue that ours is compared with: graphile-worker with its defaults.
import { EventEmitter, once } from 'node:events';
import { makeWorkerUtils, run } from 'graphile-worker';
import { answerMessages } from '../adapter/answer-messages.mjs';
import { StartTimes, timeJobs } from './queue-times.mjs';

const connectionString = process.env.DATABASE_URL;
const quiet = { log: () => undefined };
const { Logger } = await import('graphile-worker');
const logger = new Logger(() => quiet.log);
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();

const start = (concurrency, perform, events) =>
  run({ connectionString, concurrency, noHandleSignals: true, logger, taskList: { job: perform }, ...(events ? { events } : {}) });

async function drain({ jobs, workers }) {
  await utils.withPgClient((client) =>
    client.query(`SELECT graphile_worker.add_job('job', json_build_object('number', n)) FROM generate_series(1, $1) AS n`, [jobs]),
  );
  let left = jobs;
  let allDone;
  const done = new Promise((resolve) => (allDone = resolve));
  const events = new EventEmitter();
  // Done is what is written as done, not what was performed.
  events.on('job:complete', () => --left === 0 && allDone());
  let runner;
  const times = await timeJobs(jobs, async () => {
    runner = await start(workers, async () => undefined, events);
    await done;
  });
  await runner.stop();
  return times;
}

async function latency({ seconds, perSecond, workers }) {
  const times = new StartTimes();
  const events = new EventEmitter();
  const listening = once(events, 'pool:listen:success');
  const runner = await start(workers, async ({ number }) => times.started(number), events);
  await listening;
  const result = await times.measure(
    { seconds, perSecond },
    { newName: (number) => number, add: (number) => utils.addJob('job', { number }) },
  );
  await runner.stop();
  return result;
}

answerMessages((message) => (message.type === 'drain' ? drain(message) : latency(message)));
