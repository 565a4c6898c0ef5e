// How well models find what is there: recall, precision, count error, and on videos how often an object changes its id.
// usage: node bench/accuracy.mjs [--pictures <folder>] [--labels <folder>] [--video <labels.json>] [--models nanodet,centernet,…] [--providers cuda]
//   Without --pictures: the photographs that came with `npm ci`, whose labels lie in bench/accuracy/labels, and a video that is
//   made by panning over them. All models run in a real adapter, by HTTP, as callers use it. Build first: npx tsc -b
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ByteTracker } from '../libs/tracking/dist/index.js';
import { personMinScore } from '../apps/adapter/dist/tasks/person-counting/person-counting.task.js';
import { IdSwitches, matchObjects, Score } from './accuracy/match.mjs';
import { readLabelledPictures } from './accuracy/labelled-pictures.mjs';
import { panOver, readLabelledVideo } from './accuracy/labelled-videos.mjs';
import { photographs, multipartBody } from './adapter/bench-pictures.mjs';
import { openBench, root, startAdapter } from './adapter/processes.mjs';

/** What a model of a kind is asked for, and where its answer has boxes. */
const kinds = {
  detector: {
    task: 'object_detection',
    finds: (label) => label !== 'face',
    read: ({ detections }) => detections.map(({ bbox, label, confidence }) => ({ bbox, label, confidence })),
  },
  face_detector: {
    task: 'face_detection',
    finds: (label) => label === 'face',
    read: ({ faces }) =>
      faces.map(({ bbox: [x1, y1, x2, y2], confidence }) => ({ bbox: [x1, y1, x2 - x1, y2 - y1], label: 'face', confidence })),
  },
};
/** As person_counting follows persons (apps/adapter/src/tasks/person-counting). */
const tracking = { highScore: personMinScore, lowScore: 0.2, lostTrackMs: 30_000 };
const videoLabel = 'person';
const framesPerSecond = [2, 10];
const secondsEach = 8;

const { values } = parseArgs({
  options: {
    pictures: { type: 'string' },
    labels: { type: 'string' },
    video: { type: 'string' },
    models: { type: 'string', default: 'nanodet,centernet,blazeface-back' },
    providers: { type: 'string', default: 'cpu' },
  },
});
const shipped = values.pictures === undefined && values.video === undefined;
const picturesDir = values.pictures ?? (shipped ? path.dirname(photographs[0]) : undefined);
const labelsDir = values.labels ?? (shipped ? path.join(root, 'bench/accuracy/labels') : picturesDir);
const pictures = picturesDir === undefined ? [] : readLabelledPictures(picturesDir, labelsDir);

const bench = openBench();
try {
  const adapter = await startAdapter(bench, {
    engineProcesses: values.providers === 'cpu' ? os.availableParallelism() : 1,
    settings: { NIGHTJAR_ADAPTER_PROVIDERS: values.providers },
  });
  const models = await Promise.all(values.models.split(',').map((name) => describe(adapter, name)));
  if (pictures.length > 0) await judgePictures(adapter, models);
  await judgeVideos(
    adapter,
    models.filter(({ kind }) => kind === 'detector'),
  );
} finally {
  await bench.close();
}

async function describe(adapter, name) {
  const answer = await fetch(`${adapter.url}/v2/models/${name}`);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  const kind = body.parameters.kind;
  if (!Object.hasOwn(kinds, kind)) throw new Error(`model "${name}" is a ${kind}; a detector or a face_detector is needed`);
  return { name, kind };
}

/** Everything that a model finds on a picture, `[{bbox: [left, top, width, height], label, confidence}]`. */
async function detect(adapter, { name, kind }, jpeg, options = {}) {
  const { task, read } = kinds[kind];
  const { headers, body } = multipartBody({ task, model: name, ...options }, jpeg);
  const answer = await fetch(`${adapter.url}/infer`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`);
  return read(await answer.json());
}

async function judgePictures(adapter, models) {
  console.log(`Pictures: ${pictures.length}, thresholds of the models\n`);
  console.log('| model | label | labelled | recall | precision | count error, mean | count bias |');
  console.log('|---|---|---|---|---|---|---|');
  for (const model of models) {
    const scores = new Map();
    for (const { file, objects, counts, complete } of pictures) {
      const found = await detect(adapter, model, fs.readFileSync(file));
      for (const label of complete.filter((name) => kinds[model.kind].finds(name))) {
        if (!scores.has(label)) scores.set(label, new Score());
        const score = scores.get(label);
        const ours = found.filter((detection) => detection.label === label);
        score.addCount(counts[label], ours.length);
        if (objects)
          score.add(
            matchObjects(
              objects.filter((object) => object.label === label),
              ours,
            ),
          );
      }
    }
    for (const [label, score] of scores) {
      const share = (value) => (Number.isNaN(value) ? 'no boxes' : value.toFixed(2));
      const cells = [
        model.name,
        label,
        score.found + score.missed,
        share(score.recall),
        share(score.precision),
        (score.countOff / score.pictures).toFixed(2),
        signed(score.countBias),
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

async function judgeVideos(adapter, models) {
  const labelled = pictures.filter(({ objects }) => objects);
  const videos = values.video
    ? [[path.basename(values.video), () => readLabelledVideo(values.video)]]
    : framesPerSecond.map((rate) => [
        `pan, ${rate} frames/s`,
        () => panOver(labelled, { label: videoLabel, framesPerSecond: rate, secondsEach }),
      ]);
  if (!values.video && !shipped) return;
  console.log('\nVideos: detections of the model, followed by ByteTrack as person_counting does\n');
  console.log('| model | video | frames | persons | recall | precision | count error, mean | ids given | id switches |');
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const model of models) {
    for (const [name, frames] of videos) {
      const { score, switches, ids, persons } = await follow(adapter, model, frames());
      const cells = [
        model.name,
        name,
        score.pictures,
        persons,
        score.recall.toFixed(2),
        score.precision.toFixed(2),
        (score.countOff / score.pictures).toFixed(2),
        ids,
        switches,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

async function follow(adapter, model, frames) {
  const tracker = new ByteTracker(tracking);
  const score = new Score();
  const switches = new IdSwitches();
  const ids = new Set();
  const persons = new Set();
  for await (const { atMs, jpeg, objects } of frames) {
    const found = await detect(adapter, model, jpeg, { labels: videoLabel, min_confidence: String(tracking.lowScore) });
    const tracked = tracker
      .update(
        found.map(({ bbox: [x, y, w, h], label, confidence }) => ({
          box: { x1: x, y1: y, x2: x + w, y2: y + h },
          label,
          score: confidence,
          bbox: [x, y, w, h],
          confidence,
        })),
        atMs,
      )
      .map(({ detection, trackId }) => ({ bbox: detection.bbox, confidence: detection.confidence, trackId }));
    const there = objects.filter(({ label }) => label === videoLabel);
    for (const { id, ignore } of there) if (!ignore) persons.add(id);
    const matched = matchObjects(there, tracked);
    score.add(matched);
    score.addCount(there.filter(({ ignore }) => !ignore).length, tracked.length);
    for (const { trackId } of tracked) ids.add(trackId);
    for (const { object, detection } of matched.pairs) switches.add(there[object].id, tracked[detection].trackId);
  }
  return { score, switches: switches.count, ids: ids.size, persons: persons.size };
}

function signed(value) {
  return value > 0 ? `+${value}` : String(value);
}
