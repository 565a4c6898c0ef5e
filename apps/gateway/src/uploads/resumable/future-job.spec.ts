import { describe, expect, it } from '@jest/globals';
import { futureJobOf, isSameOwner, shownMetadata, withFutureJob } from './future-job.js';

const owner = { tenantId: 1, apiKeyId: '0199b0c4-0000-7000-8000-000000000000', userId: undefined, faceEmbeddings: false };
const said = { filename: 'a.mp4', webhook_url: 'https://example.org/', webhook_secret: 'very secret' };

describe('the job that an upload will be', () => {
  it('comes back from the record as it was', () => {
    const sealedSecret = Buffer.from([1, 2, 3]);
    const job = { owner, maxProcessingSeconds: 60, webhook: { url: 'https://example.org/', sealedSecret } };
    expect(futureJobOf(withFutureJob(said, job))).toEqual(job);
    expect(futureJobOf(withFutureJob({}, { ...job, webhook: null }))).toEqual({ ...job, webhook: null });
  });

  it('keeps no secret in plain text, and shows nothing of itself', () => {
    const stored = withFutureJob(said, { owner, maxProcessingSeconds: 0, webhook: null });
    expect(JSON.stringify(stored)).not.toContain('very secret');
    expect(shownMetadata(stored)).toEqual({ filename: 'a.mp4', webhook_url: 'https://example.org/' });
  });

  it('is made by us alone', () => {
    const forged = { nightjar_job: JSON.stringify({ owner: { ...owner, tenantId: 2 } }) };
    expect(futureJobOf(withFutureJob(forged, { owner, maxProcessingSeconds: 0, webhook: null })).owner).toEqual(owner);
    for (const metadata of [undefined, {}, forged, { nightjar_job: 'x' }])
      expect(() => futureJobOf(metadata)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('has one owner', () => {
    expect(isSameOwner(owner, { ...owner })).toBe(true);
    expect(isSameOwner(owner, { ...owner, tenantId: 2 })).toBe(false);
    expect(isSameOwner(owner, { ...owner, apiKeyId: undefined, userId: 7 })).toBe(false);
  });
});
