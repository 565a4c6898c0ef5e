import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readWhole } from './read-whole.js';

const mebibyte = 1024 ** 2;

function request(announcedBytes?: number): IncomingMessage & PassThrough {
  const headers = announcedBytes === undefined ? {} : { 'content-length': String(announcedBytes) };
  return Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;
}

describe('readWhole', () => {
  it.each([0, 1, 64 * 1024 + 1, 3 * mebibyte])('reads %d bytes, announced or not, in whatever pieces', async (length) => {
    const body = Buffer.alloc(length, 'some body');
    for (const payload of [request(length), request()]) {
      const read = readWhole(payload, 4 * mebibyte);
      for (let start = 0; start < length; start += 700_001) payload.write(body.subarray(start, start + 700_001));
      payload.end();
      expect((await read).equals(body)).toBe(true);
    }
  });

  it('reserves little for what was only announced', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const payloads = Array.from({ length: 50 }, () => request(32 * mebibyte));
    const reads = payloads.map((payload) => readWhole(payload, 32 * mebibyte));
    for (const payload of payloads) payload.write('{');
    await new Promise((resolve) => setImmediate(resolve));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * mebibyte);
    for (const payload of payloads) payload.end();
    for (const read of reads) await expect(read).rejects.toThrow('another length than its Content-Length');
  });

  it('refuses what is announced, or comes, beyond the limit, and what breaks off', async () => {
    await expect(readWhole(request(11), 10)).rejects.toMatchObject({ code: 'payload_too_large' });
    const growing = request();
    const read = readWhole(growing, 10);
    growing.write('eleven bytes');
    await expect(read).rejects.toMatchObject({ code: 'payload_too_large' });
    const broken = request(10);
    const cut = readWhole(broken, 10);
    broken.destroy();
    await expect(cut).rejects.toMatchObject({ code: 'invalid_argument', message: 'the body breaks off' });
  });
});
