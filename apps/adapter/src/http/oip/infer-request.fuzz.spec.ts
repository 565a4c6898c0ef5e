import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { readInferParameters, Sequences } from './infer-parameters.js';
import { readHeaderBytes, readOipRequest } from './infer-request.js';
import { encodeAnswer } from './infer-response.js';
import { mutate, oipSeeds, seededRandom } from './oip-mutations.fixture.js';

const rounds = 4_000;

describe('the reader of requests', () => {
  it(`answers ${rounds} damaged requests with tensors or with a refusal`, async () => {
    const random = seededRandom(20_261_122);
    const sequences = new Sequences({ wallMs: () => 0, monotonicMs: () => 0 });
    const outcomes = { accepted: 0, refused: 0 };
    for (let round = 0; round < rounds; round++) {
      const seed = oipSeeds[round % oipSeeds.length]!;
      const { body, header } = mutate(seed, random);
      try {
        const headerBytes = readHeaderBytes(header);
        const { inputs, parameters, id } = readOipRequest(body, headerBytes);
        readInferParameters(parameters, sequences);
        // What was understood can be said again.
        const outputs = inputs.map((input) => ({ name: input.name, isBinary: true }));
        await encodeAnswer({ modelName: 'm', modelVersion: '1', id, parameters: {}, outputs: inputs }, outputs);
        outcomes.accepted++;
      } catch (error) {
        if (!(error instanceof AppError) || error.httpStatus !== 400) throw new Error(`round ${round}`, { cause: error });
        outcomes.refused++;
      }
    }
    expect(outcomes.accepted).toBeGreaterThan(rounds / 50);
    expect(outcomes.refused).toBeGreaterThan(rounds / 4);
  });
});
