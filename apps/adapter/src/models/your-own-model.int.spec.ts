import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { runWork } from '../engine-tasks/run-work.js';
import { detectorDecoderNames } from './decoders/detector-decoders.js';
import { openDroppedModels, type DroppedModels } from './dropped-models.fixture.js';
import { ModelManifestFile } from './model-manifest.js';
import { tinyYolov8 } from './tiny-models.fixture.js';

const guide = await readFile(new URL('../../../../docs/guide/your-own-model.md', import.meta.url), 'utf8');

/** The `model.json` as it stands in the guide. */
function manifestOfGuide(): { name: string } & Record<string, unknown> {
  const block = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => text!).find((text) => text.includes('"format"'));
  if (block === undefined) throw new Error('the guide has no manifest');
  return JSON.parse(block) as { name: string };
}

describe('the guide to one’s own model', () => {
  let models: DroppedModels;
  beforeAll(async () => (models = await openDroppedModels()));
  afterAll(() => models.remove());

  it('has a manifest with which a YOLO export detects', async () => {
    const manifest = manifestOfGuide();
    // The folder is called as the manifest says, and holds what an export at 640 pixels has: 80 classes, 8400 places.
    await models.drop(manifest, { 'yolo11n.onnx': tinyYolov8({ sidePixels: 640, classes: 80 }) });
    expect(models.problemOf('yolo11n')).toBeUndefined();
    const loaded = await models.store.load('yolo11n');
    expect(loaded.session).toMatchObject({ inputs: [{ name: 'images', dims: [-1, 3, 640, 640] }], outputs: [{ name: 'output0' }] });

    // 16:9, so that the picture lies under a border; red where the model has a cell of its own.
    const red = { width: 64, height: 64 };
    const picture = await sharp({ create: { width: 1280, height: 720, channels: 3, background: '#202020' } })
      .composite([{ input: { create: { ...red, channels: 3, background: '#ff2020' } }, left: 640, top: 360 - 8 }])
      .jpeg()
      .toBuffer();
    const work = { steps: [{ task: 'detect_objects', options: { model: 'yolo11n' } }], pictures: [picture] } as const;
    const { result } = await runWork(work, models.store);
    expect(result).toMatchObject({
      steps: [
        {
          ok: true,
          result: { picture: { width: 1280, height: 720 }, objects: [{ label: 'person', box: { x1: 640, y1: 360, x2: 704, y2: 424 } }] },
          models: [{ name: 'yolo11n', version: '1', fingerprint: loaded.fingerprint }],
        },
      ],
    });
  });

  it('quotes what the adapter says of a manifest that is wrong', async () => {
    const manifest = manifestOfGuide();
    const weights = { 'yolo11n.onnx': tinyYolov8({ sidePixels: 640, classes: 80 }) };
    const input = manifest['input'] as Record<string, unknown>;
    const said = async (change: Record<string, unknown>) => {
      await models.drop({ ...manifest, ...change }, weights);
      await models.store.load('yolo11n').catch(() => undefined);
      return models.problemOf('yolo11n');
    };
    for (const change of [
      { input: { ...input, widthPixels: 0 } },
      { input: { ...input, widthPixels: 320, heightPixels: 320 } },
      { labels: Array.from({ length: 20 }, (_, index) => `label ${index}`) },
    ]) {
      expect(guide).toContain(`\`${await said(change)}\``);
    }
  });

  it('names every field of the manifest, every format and every decoder', () => {
    const { shape } = ModelManifestFile.in as unknown as { shape: Record<string, { options?: readonly string[] }> };
    for (const field of Object.keys(shape)) expect(guide).toMatch(new RegExp(`\`${field}[\`.[]`));
    for (const decoder of detectorDecoderNames) expect(guide).toContain(`| \`${decoder}\` |`);
    for (const format of shape['format']?.options ?? []) expect(guide).toContain(`\`${format}\``);
  });
});
