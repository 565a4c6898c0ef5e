import { describe, expect, it } from '@jest/globals';
import { renderResponse, RtspParser, RtspSyntaxError, type RtspRequest } from './rtsp-message.js';

function parseInChunks(bytes: Buffer, chunkBytes: number): RtspRequest[] {
  const parser = new RtspParser();
  const requests: RtspRequest[] = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes)
    requests.push(...parser.push(bytes.subarray(offset, offset + chunkBytes)));
  return requests;
}

describe('what an RTSP client sends', () => {
  const bytes = Buffer.concat([
    Buffer.from('OPTIONS rtsp://h/camera RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Test\r\n\r\n'),
    Buffer.from([0x24, 1, 0, 3, 0x0d, 0x0a, 0x0d]),
    Buffer.from(
      'SET_PARAMETER rtsp://h/camera RTSP/1.0\r\ncseq: 2\r\nContent-Length: 5\r\n\r\nab: cPLAY rtsp://h/camera RTSP/1.0\r\nCSeq: 3\r\n\r\n',
    ),
  ]);

  it.each([1, 5, 64, 1_000])('is read in chunks of %i bytes, its receiver reports and bodies skipped', (chunkBytes) => {
    const requests = parseInChunks(bytes, chunkBytes);
    expect(requests.map(({ method, headers }) => [method, headers.get('cseq')])).toEqual([
      ['OPTIONS', '1'],
      ['SET_PARAMETER', '2'],
      ['PLAY', '3'],
    ]);
  });

  it.each([
    ['is HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['never ends', `OPTIONS rtsp://h RTSP/1.0\r\nX: ${'x'.repeat(9_000)}`],
    ['announces a huge body', 'PLAY rtsp://h RTSP/1.0\r\nContent-Length: 999999999\r\n\r\n'],
  ])('is refused when it %s', (_case, text) => {
    expect(() => parseInChunks(Buffer.from(text), 1_000)).toThrow(RtspSyntaxError);
  });

  it('is answered under its own sequence number', () => {
    const [request] = parseInChunks(bytes, 1_000);
    if (!request) throw new Error('no request');
    expect(renderResponse(request, '200 OK', { Session: 'x' }, 'body')).toBe(
      'RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: x\r\nContent-Length: 4\r\n\r\nbody',
    );
  });
});
