import type { BuiltinModel } from '../builtin-model.js';
import { builtinManifest } from '../../read-manifest.js';

/** Gives back the tensors it is given: shows what a server costs without a model. */
export const identity: BuiltinModel = {
  manifest: builtinManifest({
    name: 'identity',
    version: '1',
    description: 'Outputs are the inputs',
    licence: 'Apache-2.0',
    format: 'identity',
  }),
};
