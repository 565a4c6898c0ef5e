import { describe, expect, it } from '@jest/globals';
import { parseJobsQuery, writeCursor } from './jobs-query.js';

describe('the query of a list of jobs', () => {
  it('asks for the newest 50 of all when it says nothing', () => {
    expect(parseJobsQuery({})).toEqual({ limit: 50 });
  });

  it('may name one state or several, a media type, and times in any offset', () => {
    expect(parseJobsQuery({ status: 'queued', media_type: 'video', limit: '200' })).toMatchObject({
      states: ['queued'],
      mediaType: 'video',
      limit: 200,
    });
    expect(parseJobsQuery({ status: ['failed', 'cancelled'], created_after: '2026-01-01T01:00:00+01:00' })).toMatchObject({
      states: ['failed', 'cancelled'],
      createdAfter: new Date('2026-01-01T00:00:00Z'),
    });
  });

  it('takes the cursor that the page before gave', () => {
    const cursor = { createdAtUnixMs: 1_700_000_000_000, id: 'video_1' };
    expect(parseJobsQuery({ cursor: writeCursor(cursor) }).cursor).toEqual(cursor);
  });

  it.each([
    { limit: '0' },
    { limit: '201' },
    { limit: 'x' },
    { status: 'done' },
    { status: ['queued', '__proto__'] },
    { media_type: 'audio' },
    { created_after: 'yesterday' },
    { created_before: '2026-01-01' },
    { cursor: '' },
    { cursor: 'x' },
    { cursor: Buffer.from('[1,2]').toString('base64url') },
    { cursor: Buffer.from('["constructor",{}]').toString('base64url') },
    { cursor: Buffer.from('[1e300,"a"]').toString('base64url') },
    { cursor: ['a', 'b'] },
  ])('is refused as %j, with the name of what is wrong', (query) => {
    const [name = ''] = Object.keys(query);
    expect(() => parseJobsQuery(query)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        details: { issues: [expect.objectContaining({ path: expect.stringMatching(`^${name}`) })] },
      }),
    );
  });
});
