import { beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { EnginePool } from '../engine/engine-pool.js';
import type { ModelStatus } from '../engine/protocol.js';
import { FaceDescriber } from './face-describer.js';

const model = (kind: ModelStatus['kind'], problem?: string) => ({ kind, problem });
const asking = { turn: 'test', timeoutMs: 1_000, signal: new AbortController().signal };
let picture: Buffer;
beforeAll(async () => {
  picture = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'black' } })
    .png()
    .toBuffer();
});

/** An engine that has these models and finds no faces. */
function describerOn(models: readonly object[]) {
  let runs = 0;
  const pool = {
    status: { models },
    run: () => {
      runs++;
      return Promise.resolve({ steps: [{ ok: true, result: { faces: [], picture: { width: 1, height: 1 } } }], decodes: 1 });
    },
  };
  const describer = new FaceDescriber(pool as unknown as EnginePool);
  return { describe: () => describer.describe(picture, asking), runs: () => runs };
}

describe('FaceDescriber', () => {
  it.each([
    ['none', [model('detector')]],
    ['no descriptor', [model('face_detector')]],
    ['a damaged descriptor', [model('face_detector'), model('face_descriptor', 'wrong checksum')]],
  ])('says at once that there is no face model when there is %s', async (_what, models) => {
    const { describe: look, runs } = describerOn(models);
    await expect(look()).rejects.toMatchObject({ code: 'unavailable', message: 'no face model' });
    expect(runs()).toBe(0);
  });

  it('asks the engine when it has the models, and while it starts and nothing is known of them', async () => {
    for (const models of [[model('face_detector'), model('face_descriptor')], []]) {
      const { describe: look, runs } = describerOn(models);
      expect(await look()).toBeUndefined();
      expect(runs()).toBe(1);
    }
  });

  it('refuses what is no picture before it asks', async () => {
    const describer = new FaceDescriber({ status: { models: [] } } as unknown as EnginePool);
    await expect(describer.describe(Buffer.from('text'), asking)).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
