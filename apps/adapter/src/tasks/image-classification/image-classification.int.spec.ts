import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { dropModelsAndTasks, type DroppedFolders } from '../dropped-folders.fixture.js';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

describe('image_classification', () => {
  let dropped: DroppedFolders;
  let fixture: TaskRunnerFixture;
  const classify = async (background: string, data: Record<string, unknown> = {}) => {
    const picture = sharp({ create: { width: 200, height: 100, channels: 3, background } });
    const outcome = await fixture.run('image_classification', await picture.png().toBuffer(), data);
    outcome.task.output.parse(outcome.body);
    return outcome;
  };

  beforeAll(async () => {
    dropped = await dropModelsAndTasks();
    fixture = await TaskRunnerFixture.start({ modelsDir: dropped.modelsDir });
  });
  afterAll(async () => {
    await fixture?.close();
    await dropped?.remove();
  });

  it('is offered because a model folder has a classifier', () => {
    expect(fixture.catalogue.available().map(({ name }) => name)).toContain('image_classification');
  });

  it('names what the picture shows, the surest class first', async () => {
    const { body, model } = await classify('red');
    expect(body.predictions).toEqual([
      { label: 'red', confidence: expect.closeTo(1, 3), class_id: 0 },
      { label: 'green', confidence: expect.closeTo(0, 3), class_id: 1 },
      { label: 'blue', confidence: expect.closeTo(0, 3), class_id: 2 },
    ]);
    expect(model).toMatchObject({ name: 'colours', version: '1', fingerprint: expect.stringMatching(/^sha256:/) });
  });

  it('names as many classes as asked for, by the model asked for', async () => {
    const { body } = await classify('blue', { top: '1', model: 'colours@1' });
    expect(body.predictions).toMatchObject([{ label: 'blue', class_id: 2 }]);
  });

  it.each([
    [{ top: 0 }, 'top'],
    [{ top: 101 }, 'top'],
    [{ model: 'colour-vector' }, 'colour-vector'],
    [{ model: 'colours@9' }, 'no version'],
  ])('says what is wrong with %j', async (data, text) => {
    await expect(classify('red', data)).rejects.toThrow(text);
  });
});
