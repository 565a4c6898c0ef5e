import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { tinyClassifier } from '../models/tiny-models.fixture.js';

/** What an operator has dropped. */
export interface DroppedFolders {
  readonly modelsDir: string;
  readonly tasksDir: string;
  remove(): Promise<void>;
}

const taskModule = `export default async function crowdLevel({ input, call }) {
  const { objects } = await call('detect_objects', { labels: ['person'] });
  return { people: objects.length, crowded: objects.length >= input.crowded_from };
}
`;
const crowdLevel = {
  name: 'crowd_level',
  description: 'Says whether many people are on the picture',
  needs: ['detector'],
  input: { type: 'object', properties: { crowded_from: { type: 'integer', default: 10 } } },
  output: {
    type: 'object',
    properties: { people: { type: 'integer' }, crowded: { type: 'boolean' } },
    required: ['people', 'crowded'],
  },
  example: { input: { crowded_from: 2 }, body: { people: 12, crowded: true } },
};

/** A classifier and an embedder, so that every built-in task is on offer, a task `crowd_level`, and a task `half_done` without a module. */
export async function dropModelsAndTasks(): Promise<DroppedFolders> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-dropped-'));
  const modelsDir = path.join(root, 'models');
  const tasksDir = path.join(root, 'tasks');
  await dropTinyModel(modelsDir, { name: 'colours', decoder: 'classification' });
  await dropTinyModel(modelsDir, { name: 'colour-vector', decoder: 'embedding' });
  for (const [name, manifest] of Object.entries({ crowd_level: crowdLevel, half_done: { name: 'half_done' } })) {
    await mkdir(path.join(tasksDir, name), { recursive: true });
    await writeFile(path.join(tasksDir, name, 'task.json'), JSON.stringify(manifest));
  }
  await writeFile(path.join(tasksDir, 'crowd_level', 'task.mjs'), taskModule);
  return { modelsDir, tasksDir, remove: () => rm(root, { recursive: true, force: true }) };
}

const decodings = {
  classification: { decoder: 'classification', labels: ['red', 'green', 'blue'] },
  embedding: { decoder: 'embedding' },
};

/** Drops a model of a few kilobytes that tells how red, green and blue a picture is. */
export async function dropTinyModel(
  modelsDir: string,
  model: { name: string; decoder: keyof typeof decodings; version?: string; sha256?: string },
): Promise<void> {
  const { name, decoder, version = '1', sha256 } = model;
  const folder = path.join(modelsDir, name, version);
  const manifest = {
    name,
    version,
    format: 'onnx',
    files: [{ path: 'model.onnx', ...(sha256 && { sha256 }) }],
    input: { widthPixels: 32, heightPixels: 32, deviation: [255, 255, 255] },
    ...decodings[decoder],
  };
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(manifest));
  await writeFile(path.join(folder, 'model.onnx'), tinyClassifier({ sidePixels: 32 }));
}
