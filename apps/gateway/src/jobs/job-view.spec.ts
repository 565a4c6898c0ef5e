import { describe, expect, it } from '@jest/globals';
import { imageJobView, retryAfterSeconds, videoJobView } from './job-view.js';
import type { JobRow } from './job.store.js';

const job: JobRow = {
  id: 'video_1',
  state: 'queued',
  progress: 0,
  stage: null,
  expiresAt: null,
  result: null,
  errorCode: null,
  errorMessage: null,
};

describe('the answer to a poll', () => {
  it('tells progress and stage while the job is pending', () => {
    expect(videoJobView({ ...job, state: 'processing', progress: 0.30000001192092896, stage: 'persons' })).toEqual({
      job_id: 'video_1',
      status: 'processing',
      result: null,
      progress: 0.3,
      stage: 'persons',
    });
    expect(retryAfterSeconds('queued')).toBe(2);
    expect(retryAfterSeconds('processing')).toBe(2);
  });

  it('is the result and the day of its removal once the job is finished', () => {
    const expiresAt = new Date('2026-12-24T18:00:00Z');
    expect(videoJobView({ ...job, state: 'finished', progress: 1, expiresAt, result: { raw_scenes: [] } })).toEqual({
      job_id: 'video_1',
      status: 'finished',
      result: { raw_scenes: [] },
      expires_at: '2026-12-24T18:00:00.000Z',
    });
    expect(retryAfterSeconds('finished')).toBeUndefined();
  });

  it('names the error of a failed job, and calls a cancelled one failed, for which the contract has no word', () => {
    const ended = { ...job, errorCode: 'cancelled', errorMessage: 'the job was cancelled' };
    const view = { job_id: 'video_1', status: 'failed', result: null, error: { code: 'cancelled', message: 'the job was cancelled' } };
    expect(videoJobView({ ...ended, state: 'failed' })).toEqual(view);
    expect(videoJobView({ ...ended, state: 'cancelled' })).toEqual(view);
  });

  it('gives an image that waits the status of its batch, and one that has ended its own', () => {
    const item = { index: 0, externalId: null, state: 'queued' as const, result: null, errorCode: null, errorMessage: null };
    const { items } = imageJobView({
      ...job,
      state: 'processing',
      items: [item, { ...item, index: 1, externalId: 'b', state: 'failed', errorCode: 'data_uri', errorMessage: null }],
    });
    expect(items).toEqual([
      { index: 0, external_id: null, status: 'processing', result: null, error: null },
      { index: 1, external_id: 'b', status: 'failed', result: null, error: { code: 'data_uri', message: 'data_uri' } },
    ]);
  });
});
