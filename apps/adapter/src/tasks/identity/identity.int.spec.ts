import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

describe('identity', () => {
  let fixture: TaskRunnerFixture;
  beforeAll(async () => {
    fixture = await TaskRunnerFixture.start();
  });
  afterAll(() => fixture?.close());

  it.each([
    ['no bytes', 0],
    ['a text', 11],
    ['as many as are hashed in the caller’s own thread', 256 * 1024 - 1],
    ['a large picture', 9_000_001],
  ])('tells size and hash of %s, whoever looks', async (_what, sizeBytes) => {
    const bytes = randomBytes(sizeBytes);
    const expected = { size_bytes: sizeBytes, sha256: createHash('sha256').update(bytes).digest('hex') };
    expect((await fixture.run('identity', bytes)).body).toEqual(expected);
    expect((await fixture.run('identity', bytes, { via: 'engine' })).body).toEqual(expected);
  });

  it('asks no engine process unless told to', async () => {
    expect(await fixture.runAll(['identity'], Buffer.from('text'))).toMatchObject({ decodes: 0, outcomes: [{ timingsMs: { total: 0 } }] });
    const { outcomes } = await fixture.runAll(['identity'], Buffer.from('text'), { via: 'engine' });
    expect((outcomes[0] as { timingsMs: { total: number } }).timingsMs.total).toBeGreaterThan(0);
    await expect(fixture.run('identity', Buffer.from('text'), { via: 'magic' })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('names no model', async () => {
    expect((await fixture.run('identity', Buffer.from('text'), { via: 'engine' })).model).toBeUndefined();
  });
});
