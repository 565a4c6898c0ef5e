import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

interface Body {
  count: number;
  detections: { bbox: [number, number, number, number]; confidence: number; label: string; class_id: number }[];
}
interface ContractResult {
  detections: { label: string; confidence: number; score: number; bbox: { x: number; y: number; w: number; h: number } }[];
  frame_dimensions: { w: number; h: number };
  raw_prediction_count: number;
}

describe('object_detection', () => {
  let fixture: TaskRunnerFixture;
  let photo: Buffer;
  const detect = async (picture: Uint8Array, data: Record<string, unknown> = {}) => {
    const { body, contractResult, task, model } = await fixture.run('object_detection', picture, data);
    task.output.parse(body);
    return { body: body as unknown as Body, contract: contractResult as unknown as ContractResult, model };
  };

  beforeAll(async () => {
    fixture = await TaskRunnerFixture.start();
    photo = await readFile(samplePictures[0]!);
  });
  afterAll(() => fixture?.close());

  it('finds what is on a photograph: labels, confidences, boxes as left, top, width, height, the surest first', async () => {
    const { body, model } = await detect(photo);
    expect(body.count).toBe(body.detections.length);
    expect(body.detections.filter(({ label }) => label === 'person').length).toBeGreaterThanOrEqual(2);
    for (const { bbox, class_id: classId, label } of body.detections) {
      expect(bbox[0] + bbox[2]).toBeLessThanOrEqual(1920);
      expect(bbox[1] + bbox[3]).toBeLessThanOrEqual(1280);
      expect(bbox[2] * bbox[3]).toBeGreaterThan(0);
      expect(classId === 0).toBe(label === 'person');
    }
    const confidences = body.detections.map(({ confidence }) => confidence);
    expect(confidences).toEqual([...confidences].sort((a, b) => b - a));
    expect(model).toMatchObject({ name: 'nanodet', fingerprint: expect.stringMatching(/^sha256:/) });
  });

  it('gives Contract v1 the same objects, normalised, with the number of boxes before duplicates were dropped', async () => {
    const { body, contract } = await detect(photo);
    expect(contract.frame_dimensions).toEqual({ w: 1920, h: 1280 });
    expect(contract.detections).toHaveLength(body.count);
    contract.detections.forEach(({ bbox: { x, y, w, h }, confidence, score, label }, index) => {
      const detection = body.detections[index]!;
      expect({ label, confidence, score }).toEqual({
        label: detection.label,
        confidence: detection.confidence,
        score: detection.confidence,
      });
      expect(Math.abs(x * 1920 - detection.bbox[0])).toBeLessThanOrEqual(0.5);
      expect(Math.abs(y * 1280 - detection.bbox[1])).toBeLessThanOrEqual(0.5);
      expect(x + w).toBeLessThanOrEqual(1);
      expect(y + h).toBeLessThanOrEqual(1);
    });
    expect(contract.raw_prediction_count).toBeGreaterThanOrEqual(body.count);
  });

  it('looks for some labels only, by either name and in either form', async () => {
    const persons = (await detect(photo)).body.detections.filter(({ label }) => label === 'person');
    for (const data of [{ labels: ['person'] }, { classes: ['person'] }, { labels: 'person, umbrella' }]) {
      const { body } = await detect(photo, data);
      expect(body.detections.filter(({ label }) => label === 'person')).toEqual(persons);
      expect(new Set(body.detections.map(({ label }) => label))).toEqual(new Set(['person']));
    }
    expect((await detect(photo, { labels: ['giraffe'] })).body).toEqual({ count: 0, detections: [] });
  });

  it('leaves out what is weaker than asked for, by either name and in either form', async () => {
    const all = (await detect(photo, { min_confidence: 0.3 })).body.detections;
    const strong = all.filter(({ confidence }) => confidence >= 0.6);
    expect(strong.length).toBeGreaterThan(0);
    expect(strong.length).toBeLessThan(all.length);
    for (const data of [{ min_confidence: 0.6 }, { confidence_threshold: 0.6 }, { min_confidence: '0.6' }]) {
      expect((await detect(photo, data)).body.detections).toEqual(strong);
    }
  });

  it('finds nothing on a black pixel, and nothing on a grey wall', async () => {
    for (const size of [1, 640]) {
      const wall = await sharp({ create: { width: size, height: size, channels: 3, background: size === 1 ? 'black' : 'grey' } })
        .jpeg()
        .toBuffer();
      expect((await detect(wall)).body).toEqual({ count: 0, detections: [] });
    }
  });

  it.each([
    [{ min_confidence: 2 }, 'min_confidence'],
    [{ labels: [] }, 'labels'],
    [{ labels: ['person', 'unicorn'] }, "knows no 'unicorn'; it knows person, bicycle"],
    [{ model: '' }, 'model'],
    [{ model: 'no-such-model' }, 'no-such-model'],
    [{ model: '__proto__' }, '__proto__'],
  ])('says what is wrong with %j', async (data, text) => {
    await expect(detect(photo, data)).rejects.toThrow(text);
  });
});
