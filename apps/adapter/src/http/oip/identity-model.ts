import type { ModelAnswer, OipCall, ServedModel } from './served-model.js';
import type { ModelSignature } from './model-signature.js';
import type { WireTensor } from './wire-tensor.js';

const identityInput = 'INPUT0';
const identityOutput = 'OUTPUT0';

/** Gives its input back, of any datatype and shape, without an engine process: what a request costs besides the model. */
export function identityModel(version: string): ServedModel {
  return {
    name: 'identity',
    version,
    versions: [version],
    platform: 'nightjar_identity',
    device: 'none',
    problem: undefined,
    isLoaded: true,
    notes: {
      answered_by: 'the server itself, without an engine process',
      datatypes: 'any datatype and shape is taken and given back; the ones shown here are for tools that must pick some',
    },
    engineModel: undefined,
    describe: () => Promise.resolve(signature),
    infer: (inputs, call) => Promise.resolve(giveBack(inputs, call)),
  };
}

const signature: ModelSignature = {
  inputs: [{ name: identityInput, datatype: 'UINT8', shape: [-1], takesAny: true }],
  outputs: [{ name: identityOutput, datatype: 'UINT8', shape: [-1] }],
};

function giveBack(inputs: readonly WireTensor[], call: OipCall): ModelAnswer {
  return {
    outputs: inputs.map((input) => ({ ...input, name: identityOutput })),
    parameters: {},
    fingerprint: undefined,
    runs: 1,
    timesMs: { queue: 0, input: call.elapsedMs(), infer: 0, output: 0 },
  };
}
