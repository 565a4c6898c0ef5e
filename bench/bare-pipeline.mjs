// The adapter's picture pipeline (decode, resize, run, read boxes, suppress) in a bare loop of one process: no HTTP, no bus, no
// engine process. The baseline of what serving costs.
// usage: node bench/bare-pipeline.mjs <picture> [images]
// prints one JSON line: images, imagesPerSecond, cpuMsPerImage (user + system of this process), persons
import fs from 'node:fs';
import path from 'node:path';
import { engineTaskTable } from '../apps/adapter/dist/detection/engine-task-table.js';
import { ConvertedModelCache } from '../apps/adapter/dist/models/converted-model-cache.js';
import { ModelRepository } from '../apps/adapter/dist/models/model-repository.js';
import { ModelStore } from '../apps/adapter/dist/models/model-store.js';
import { createLogger } from '../libs/runtime/dist/index.js';

const [file, count = '100'] = process.argv.slice(2);
const images = Number(count);
const picture = fs.readFileSync(file);
const logger = createLogger({ service: 'bench', level: 'silent' });
const cache = new ConvertedModelCache(path.join(process.env.NIGHTJAR_DATA_DIR ?? '.nightjar', 'models'), logger);
const models = new ModelStore({ repository: new ModelRepository(), cache, logger });
const task = engineTaskTable.person_detection;
const model = await models.get(task.model);
const run = () => task.run({ model, picture, options: { minScore: 0.45 } });

for (let warmUp = 0; warmUp < 10; warmUp++) await run();
const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
let persons = 0;
for (let image = 0; image < images; image++) persons = (await run()).objects.length;
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ images, imagesPerSecond: images / seconds, cpuMsPerImage: (user + system) / 1000 / images, persons }));
