// The adapter's picture pipeline (decode, resize, run, read boxes, suppress) in a bare loop of one process: no HTTP, no bus, no
// engine process. The baseline of what serving costs.
// usage: node bench/bare-pipeline.mjs <picture> [images]
// prints one JSON line: images, imagesPerSecond, cpuMsPerImage (user + system of this process), persons
import fs from 'node:fs';
import path from 'node:path';
import { runWork } from '../apps/adapter/dist/engine-tasks/run-work.js';
import { ConvertedModelCache } from '../apps/adapter/dist/models/converted-model-cache.js';
import { ModelRepository } from '../apps/adapter/dist/models/model-repository.js';
import { ModelStore } from '../apps/adapter/dist/models/model-store.js';
import { createLogger } from '../libs/runtime/dist/index.js';

const [file, count = '100'] = process.argv.slice(2);
const images = Number(count);
const picture = fs.readFileSync(file);
const logger = createLogger({ service: 'bench', level: 'silent' });
const cache = new ConvertedModelCache(path.join(process.env.NIGHTJAR_DATA_DIR ?? '.nightjar', 'model-cache'), logger);
const models = new ModelStore({ repository: new ModelRepository(), cache, defaultModels: {}, logger });
await models.load('nanodet');
const work = { steps: [{ task: 'detect_objects', options: { labels: ['person'], minScore: 0.45 } }], pictures: [picture] };
const run = async () => (await runWork(work, models)).result.steps[0].result;

for (let warmUp = 0; warmUp < 10; warmUp++) await run();
const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
let persons = 0;
for (let image = 0; image < images; image++) persons = (await run()).objects.length;
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ images, imagesPerSecond: images / seconds, cpuMsPerImage: (user + system) / 1000 / images, persons }));
