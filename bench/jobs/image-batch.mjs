// A batch of pictures as a job, against the adapter's own throughput: the same three questions about pictures that need no opening.
// usage: node bench/jobs/image-batch.mjs [--pairs 3] [--pictures 60]     build first: npx tsc -b
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { analyseImages } from '../../apps/agent/dist/jobs/images/analyse-images.js';
import { openPicture } from '../../apps/agent/dist/jobs/images/open-picture.js';
import { fullHdJpegs } from '../adapter/bench-pictures.mjs';
import { describeRun, measurePairs, show, spreadOf } from '../adapter/pairs.mjs';
import { cpuMsOf, openBench } from '../adapter/processes.mjs';
import { describeMachine, measure, startParts } from './job-bench.mjs';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '3' }, pictures: { type: 'string', default: '60' } },
});
const count = Number(values.pictures);
/** As many as a job has in work: four pictures with three questions each. */
const questionsAtOnce = 12;
const questions = [
  { capability: 'object_detection' },
  { capability: 'face_detection', withDescriptors: true },
  { capability: 'text_recognition' },
];
const bench = openBench();
try {
  console.log(describeMachine());
  const { adapter, parts } = await startParts(bench);
  const files = (await fullHdJpegs()).map((jpeg, index) => {
    const file = path.join(bench.dir, `picture-${index}.jpg`);
    fs.writeFileSync(file, jpeg);
    return file;
  });
  const opened = await Promise.all(files.map(async (file) => (await openPicture(file)).jpeg));
  const run = await measurePairs({
    pairs: Number(values.pairs),
    baseline: () => measure(cpuMsOf, adapter.pids, () => askOnly(opened, parts.dispatcher)),
    subject: () => measure(cpuMsOf, adapter.pids, () => analyse(files, parts)),
    steady: ({ cpuMs }) => cpuMs.adapter,
  });
  const perSecond = ({ wallMs }) => (1_000 * count) / wallMs;
  const cpu = ({ cpuMs }) => (cpuMs.agent + cpuMs.adapter) / count;
  console.log(
    `\npictures a second, job / adapter alone: ${show(spreadOf(run, (alone, job) => perSecond(job) / perSecond(alone)))}   [floor 0.85]`,
  );
  console.log(
    `  adapter alone ${show(spreadOf(run, perSecond), 1)}, job ${show(
      spreadOf(run, (_alone, job) => perSecond(job)),
      1,
    )} pictures a second`,
  );
  console.log(
    `  CPU-ms a picture, agent and adapter: adapter alone ${show(spreadOf(run, cpu), 0)}, job ${show(
      spreadOf(run, (_alone, job) => cpu(job)),
      0,
    )}; ratio ${show(spreadOf(run, (alone, job) => cpu(alone) / cpu(job)))}`,
  );
  console.log(`  ${describeRun(run)}`);
} finally {
  await bench.close();
}

async function askOnly(pictures, dispatcher) {
  const calls = Array.from({ length: count }, (_unused, index) =>
    questions.map((question) => ({ ...question, picture: pictures[index % pictures.length] })),
  ).flat();
  let next = 0;
  await Promise.all(
    Array.from({ length: questionsAtOnce }, async () => {
      for (let call = calls[next++]; call; call = calls[next++])
        await dispatcher.infer({ ...call, lane: 'batch', source: 'image_batch_bench', timeoutMs: 60_000 });
    }),
  );
}

async function analyse(files, parts) {
  const items = Array.from({ length: count }, (_unused, index) => ({ index, path: files[index % files.length] }));
  const job = { jobId: 'image_batch_bench', items, progress: { value: 0, stage: '' }, signal: new AbortController().signal };
  const { outcomes } = await analyseImages(job, parts);
  if (outcomes.some(({ state, result }) => state !== 'finished' || result.person_ids.length === 0))
    throw new Error('the job did not do its work');
}
