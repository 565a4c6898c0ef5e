import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { CamerasStore } from '../cameras/cameras.store.js';
import { SegmentsStore } from '../segments/segments.store.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { box, moofBytes, moovBytes } from '../mp4/mp4-bytes.fixture.js';
import { segmentName } from '../segments/recorded-file.fixture.js';
import { RecordingRepair } from './recording-repair.js';

const startsAtMs = Date.UTC(2026, 5, 1, 12);
const begin = Buffer.concat([box('ftyp', Buffer.from('isom')), moovBytes({ timescale: 90_000, sampleEntry: 'avc1' })]);
/** A camera that pads its slices (`trailing_zero_8bits`): FFmpeg keeps that. */
const padding = Buffer.alloc(2);

let nvr: TestNvr;
let camera: { id: number; uuid: string };
let repair: RecordingRepair;
beforeAll(async () => {
  nvr = await startTestNvr();
  camera = await nvr.database.camera.create({ data: { name: 'yard', framesName: 'yard', rtspUrl: 'rtsp://10.0.0.9/1' } });
  const logger = createLogger({ service: 'nvr recorder', level: 'silent' });
  const stores = [new SegmentsStore(nvr.database), new CamerasStore(nvr.database)] as const;
  repair = new RecordingRepair(...stores, { ...nvr.config, segmentMs: 60_000 }, logger);
});
afterAll(() => nvr.stop());
beforeEach(async () => {
  await nvr.database.segment.deleteMany();
  await rm(nvr.config.recordingsDir, { recursive: true, force: true });
});

/** A second of video as it is in a file; `media` is what is in its `mdat`. */
function fragment(second: number, media: Buffer): Buffer {
  const samples = { startTicks: second * 90_000, samples: 10, sampleTicks: 9_000, keyFrame: true };
  return Buffer.concat([moofBytes(samples), box('mdat', media)]);
}

const pictures = (bytes: number) => Buffer.alloc(bytes, 7);
const padded = (second: number) => fragment(second, Buffer.concat([pictures(3_000 + second), padding]));

/** Puts a file there that the database does not know, and has it found. */
async function find(
  content: Buffer,
): Promise<{ found: object; sizeBytes: number | undefined; ms: number | undefined; file: Buffer | undefined }> {
  const name = segmentName(camera.uuid, startsAtMs);
  const target = path.join(nvr.config.recordingsDir, name);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, content);
  const found = await repair.indexLostFiles(Date.now(), { signal: AbortSignal.timeout(60_000), mayMove: false });
  const row = await nvr.database.segment.findUnique({ where: { file: name } });
  return {
    found,
    sizeBytes: row ? Number(row.sizeBytes) : undefined,
    ms: row ? row.endsAt.getTime() - row.startsAt.getTime() : undefined,
    file: await readFile(target).catch(() => undefined),
  };
}

describe('a recording that the database does not know', () => {
  it('is kept whole where the camera ends its pictures with zeros, also the last of them', async () => {
    const content = Buffer.concat([begin, ...[0, 1, 2, 3].map(padded)]);
    expect(await find(content)).toMatchObject({ found: { indexed: 1, removed: 0 }, sizeBytes: content.length, ms: 4_000, file: content });
  });

  it('is kept as far as it was written where its end was not: what reads as zeros to the end of the file is cut', async () => {
    const whole = Buffer.concat([begin, ...[0, 1].map(padded)]);
    const content = Buffer.concat([whole, padded(2), padded(3)]);
    // From a sector in the midst of the third second.
    content.fill(0, Math.ceil((whole.length + 1_000) / 512) * 512);
    expect(await find(content)).toMatchObject({ sizeBytes: whole.length, ms: 2_000, file: whole });
  });

  it('keeps a second that ends with zeros where only what is behind it was not written', async () => {
    let whole = Buffer.concat([begin, padded(0)]);
    // The padding ends where a sector does.
    const filler = 512 - (whole.length % 512);
    whole = Buffer.concat([begin, fragment(0, Buffer.concat([pictures(3_000 + filler), padding]))]);
    const content = Buffer.concat([whole, padded(1)]).fill(0, whole.length);
    expect([whole.length % 512, await find(content)]).toMatchObject([0, { sizeBytes: whole.length, ms: 1_000, file: whole }]);
  });

  it('is set aside, and not removed, where it has pictures of which none is certain to be whole', async () => {
    const content = Buffer.concat([begin, padded(0)]);
    content.fill(0, content.length - 1_000);
    const { file, found, sizeBytes } = await find(content);
    expect([found, sizeBytes, file]).toMatchObject([{ indexed: 0, removed: 0, setAside: 1 }, undefined, undefined]);
    const day = path.join(nvr.config.recordingsDir, path.dirname(segmentName(camera.uuid, startsAtMs)));
    expect(await readdir(day)).toEqual([`${startsAtMs}.mp4.torn`]);
    expect((await readFile(path.join(day, `${startsAtMs}.mp4.torn`))).equals(content)).toBe(true);
    expect(await repair.indexLostFiles(Date.now(), { signal: AbortSignal.timeout(60_000), mayMove: false })).toMatchObject({ setAside: 0 });
  });

  it('is removed where not one picture of it was written', async () => {
    const content = Buffer.concat([begin, padded(0)]).fill(0, begin.length);
    expect(await find(content)).toMatchObject({ found: { indexed: 0, removed: 1, setAside: 0 }, file: undefined });
  });
});
