import { describe, expect, it } from '@jest/globals';
import { checkPicture } from './picture-header.js';

const refusal = (bytes: Uint8Array) => {
  try {
    checkPicture(bytes);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('accepted');
};

function png(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(33);
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(bytes);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

/** A JPEG that ends after its frame header. */
function jpeg(width: number, height: number, before: Buffer = Buffer.alloc(0)): Buffer {
  const frame = Buffer.from('ffc0001108000000000301220002110103110100', 'hex');
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  return Buffer.concat([Buffer.from('ffd8', 'hex'), before, frame]);
}

function webp(chunk: string, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.write('RIFF', 0, 'latin1');
  bytes.write(`WEBP${chunk}`, 8, 'latin1');
  payload.copy(bytes, 20);
  return bytes;
}

describe('checkPicture', () => {
  it('reads the size of a PNG', () => {
    expect(checkPicture(png(640, 480))).toEqual({ format: 'png', width: 640, height: 480 });
  });

  it('finds the frame header of a JPEG behind other segments and fill bytes', () => {
    const applicationData = Buffer.from('ffe0000600000000ffff', 'hex').subarray(0, 8);
    expect(checkPicture(jpeg(1920, 1080))).toEqual({ format: 'jpeg', width: 1920, height: 1080 });
    expect(checkPicture(jpeg(1920, 1080, Buffer.concat([applicationData, Buffer.from('ffff', 'hex')])))).toMatchObject({ width: 1920 });
  });

  it('reads the three forms of WebP', () => {
    const lossless = Buffer.alloc(5);
    lossless.writeUInt32LE(((99 - 1) | ((77 - 1) << 14)) >>> 0, 1);
    const lossy = Buffer.alloc(10);
    lossy.writeUInt16LE(99, 6);
    lossy.writeUInt16LE(77, 8);
    const extended = Buffer.alloc(10);
    extended.writeUIntLE(98, 4, 3);
    extended.writeUIntLE(76, 7, 3);
    const size = { format: 'webp', width: 99, height: 77 };
    expect([webp('VP8L', lossless), webp('VP8 ', lossy), webp('VP8X', extended)].map(checkPicture)).toEqual([size, size, size]);
  });

  it('refuses sixty thousand by sixty thousand pixels from the header alone', () => {
    expect(refusal(png(60_000, 60_000))).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('60000 x 60000') });
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'empty'],
    ['a text', Buffer.from('this is a text file called .jpg'), 'not a JPEG, PNG or WebP'],
    ['a GIF', Buffer.from('GIF89a'), 'not a JPEG, PNG or WebP'],
    ['a PNG that breaks off', png(4, 4).subarray(0, 20), 'damaged'],
    ['a JPEG that breaks off', jpeg(4, 4).subarray(0, 8), 'damaged'],
    ['a JPEG whose segments lead nowhere', Buffer.from('ffd8ffe0fffe000000000000000000', 'hex'), 'damaged'],
    ['a picture without pixels', png(0, 4), 'no pixels'],
  ])('refuses %s', (_what, bytes, reason) => {
    expect(refusal(bytes)).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(reason) });
  });
});
