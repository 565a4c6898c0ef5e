import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import sharp, { type OverlayOptions } from 'sharp';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

interface Body {
  motion: boolean;
  score: number;
  regions: [number, number, number, number][];
  calibrating: boolean;
}

describe('motion_detection', () => {
  let fixture: TaskRunnerFixture;
  let photo: Buffer;
  const look = async (picture: Uint8Array, session?: string) => {
    fixture.clock.advance(500);
    const { body, contractResult, task, model } = await fixture.run('motion_detection', picture, { session });
    task.output.parse(body);
    expect(model).toBeUndefined();
    return { body: body as unknown as Body, contract: contractResult as unknown as { regions: Record<string, number>[] } };
  };
  /** The photograph with a red square, as a camera would send it: compressed anew. */
  const withSquare = (left: number, top: number) => {
    const square: OverlayOptions = { input: { create: { width: 160, height: 240, channels: 3, background: 'red' } }, left, top };
    return sharp(photo).composite([square]).jpeg({ quality: 80 }).toBuffer();
  };

  beforeAll(async () => {
    fixture = await TaskRunnerFixture.start();
    photo = await readFile(samplePictures[0]!);
  });
  afterAll(() => fixture?.close());

  it('sees no motion on the first picture, none on the same one, and then what came into it', async () => {
    expect((await look(photo, 'a')).body).toEqual({ motion: false, score: 0, regions: [], calibrating: true });
    expect((await look(photo, 'a')).body).toEqual({ motion: false, score: 0, regions: [], calibrating: false });
    const { body, contract } = await look(await withSquare(100, 900), 'a');
    expect(body).toMatchObject({ motion: true, calibrating: false });
    const [left, top, width, height] = body.regions[0]!;
    // In pixels of the photograph, 1920 x 1280; a pixel of the small picture is eleven by thirteen of it.
    expect(Math.abs(left - 100)).toBeLessThanOrEqual(26);
    expect(Math.abs(top - 900)).toBeLessThanOrEqual(26);
    expect(Math.abs(left + width - 260)).toBeLessThanOrEqual(26);
    expect(Math.abs(top + height - 1140)).toBeLessThanOrEqual(26);
    expect(body.score).toBeGreaterThan(0.005);
    expect(body.score).toBeLessThan(0.03);
    expect(contract.regions[0]!.x! * 1920).toBeCloseTo(left, -1);
  });

  it('takes the camera’s compression and a picture that is a little brighter for no motion', async () => {
    await look(photo, 'b');
    expect((await look(await sharp(photo).jpeg({ quality: 40 }).toBuffer(), 'b')).body.motion).toBe(false);
    expect((await look(await sharp(photo).linear(1, 12).jpeg().toBuffer(), 'b')).body.motion).toBe(false);
  });

  it('begins anew when the light goes out', async () => {
    const dark = await sharp({ create: { width: 640, height: 360, channels: 3, background: 'black' } })
      .jpeg()
      .toBuffer();
    const bright = await sharp({ create: { width: 640, height: 360, channels: 3, background: 'white' } })
      .jpeg()
      .toBuffer();
    await look(bright, 'c');
    expect((await look(dark, 'c')).body).toEqual({ motion: false, score: 0, regions: [], calibrating: true });
    expect((await look(dark, 'c')).body).toEqual({ motion: false, score: 0, regions: [], calibrating: false });
  });

  it('knows every session apart, and nothing of a picture that stands alone', async () => {
    await look(photo, 'd');
    expect((await look(await withSquare(100, 900), 'e')).body.calibrating).toBe(true);
    expect((await look(await withSquare(100, 900))).body.calibrating).toBe(true);
    expect((await look(await withSquare(100, 900))).body.calibrating).toBe(true);
    expect((await look(await withSquare(100, 900), 'd')).body.motion).toBe(true);
  });

  it('forgets a session after ten minutes', async () => {
    await look(photo, 'f');
    fixture.clock.advance(10 * 60_000 + 1);
    expect((await look(await withSquare(100, 900), 'f')).body.calibrating).toBe(true);
  });
});
