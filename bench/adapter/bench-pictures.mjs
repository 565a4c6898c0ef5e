// Pictures that the bars are measured with: photographs that came with `npm ci`, in the sizes that cameras and callers send.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const demo = path.join(path.dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo');
export const photographs = [1, 2, 3, 4, 5, 6].map((number) => path.join(demo, `sample${number}.jpg`));

/** JPEGs of 20 to 80 KB, as a camera's substream or a caller's snapshot has. */
export async function smallJpegs() {
  const pictures = await Promise.all(photographs.map((file) => shrink(file, { width: 640, quality: 80 })));
  const fitting = pictures.filter(({ length }) => length >= 20_000 && length <= 80_000);
  if (fitting.length < 3) throw new Error(`pictures have ${pictures.map(({ length }) => length)} bytes`);
  return fitting;
}

/** JPEGs of 1920 x 1080. */
export function fullHdJpegs() {
  return Promise.all(photographs.map((file) => shrink(file, { width: 1920, height: 1080, quality: 80 })));
}

/** A JPEG of 1920 x 1080 with about this many bytes, at most. */
export async function fullHdJpegOf(maxBytes) {
  for (let quality = 95; quality > 20; quality -= 3) {
    const picture = await shrink(photographs[0], { width: 1920, height: 1080, quality });
    if (picture.length <= maxBytes) return picture;
  }
  throw new Error(`no picture of ${maxBytes} bytes`);
}

function shrink(file, { width, height, quality }) {
  return sharp(fs.readFileSync(file)).resize(width, height, { fit: 'cover' }).jpeg({ quality }).toBuffer();
}

/** One body of multipart/form-data, built once: the load generator only sends it. */
export function multipartBody(fields, file) {
  const boundary = '----nightjar-bench-0123456789';
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="frame"; filename="frame.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(parts.join('') + head), file, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

export function jsonBody(value) {
  return { headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}
