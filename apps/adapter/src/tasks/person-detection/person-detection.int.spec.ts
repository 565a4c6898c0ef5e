import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

interface Body {
  label: string;
  confidence: number;
  bbox: number[];
}

describe('person_detection', () => {
  let fixture: TaskRunnerFixture;
  let photo: Buffer;
  const detect = async (picture: Uint8Array, data: Record<string, unknown> = {}) => {
    const { body, contractResult, task } = await fixture.run('person_detection', picture, data);
    task.output.parse(body);
    return { body: body as unknown as Body, contract: contractResult as unknown as { detections: { confidence: number }[] } };
  };

  beforeAll(async () => {
    fixture = await TaskRunnerFixture.start();
    photo = await readFile(samplePictures[0]!);
  });
  afterAll(() => fixture?.close());

  it('answers with the one person it is surest of, which object_detection finds at the same place', async () => {
    const { body } = await detect(photo);
    const { body: objects } = await fixture.run('object_detection', photo, { labels: ['person'], min_confidence: 0.45 });
    const [surest] = (objects as { detections: object[] }).detections;
    expect(surest).toMatchObject(body);
    expect(body.confidence).toBeGreaterThan(0.5);
  });

  it('gives Contract v1 all persons', async () => {
    const { body, contract } = await detect(photo);
    expect(contract.detections.length).toBeGreaterThanOrEqual(2);
    expect(contract.detections[0]!.confidence).toBe(body.confidence);
  });

  it('answers with confidence 0 and an empty box when nobody is there, or nobody sure enough', async () => {
    const nobody = { label: 'person', confidence: 0, bbox: [0, 0, 0, 0] };
    const wall = await sharp({ create: { width: 320, height: 240, channels: 3, background: 'white' } })
      .jpeg()
      .toBuffer();
    expect((await detect(wall)).body).toEqual(nobody);
    expect((await detect(photo, { min_confidence: 1 })).body).toEqual(nobody);
  });
});
