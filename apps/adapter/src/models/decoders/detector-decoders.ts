import { centernetOutputs, decodeCenternet } from './centernet-decoder.js';
import type { DecodeDetections } from './detector-decoding.js';
import { decodeNanodet, nanodetOutputs } from './nanodet-decoder.js';
import { decodeRtdetr } from './rtdetr-decoder.js';
import { decodeSsd } from './ssd-decoder.js';
import { decodeEndToEndYolo, decodeYolov5, decodeYolov8 } from './yolo-decoder.js';
import { decodeYolox } from './yolox-decoder.js';

/** One way to read a detector. */
interface DetectorDecoder {
  readonly decode: DecodeDetections;
  /** Outputs that a TensorFlow.js graph is cut to; absent: whatever the model has. */
  readonly graphOutputs?: readonly string[];
  /** What the outputs must be, for documentation. C is the number of labels, N any number. */
  readonly expects: string;
  /** What the model's own boxes are in; decoded ones are in pixels of the input always. */
  readonly boxes: 'pixels of the input' | 'fractions of the input';
  /** Whether boxes of one object can overlap after decoding, and have to be suppressed. */
  readonly overlaps: 'left in' | 'resolved by the model';
}

/** Names that a manifest may give as its detector's decoder. */
export const detectorDecoderNames = ['nanodet', 'centernet', 'yolov5', 'yolov8', 'yolo-nms-free', 'yolox', 'ssd', 'rtdetr'] as const;
export type DetectorDecoderName = (typeof detectorDecoderNames)[number];

/** Every decoder of object detectors by its name. */
export const detectorDecoders: { readonly [Name in DetectorDecoderName]: DetectorDecoder } = {
  nanodet: {
    decode: decodeNanodet,
    graphOutputs: nanodetOutputs,
    expects: 'Identity, Identity_1, Identity_2: [1, cells, C] of strides 8, 16, 32; Identity_3, Identity_4, Identity_5: [1, cells, 44]',
    boxes: 'pixels of the input',
    overlaps: 'left in',
  },
  centernet: {
    decode: decodeCenternet,
    graphOutputs: centernetOutputs,
    expects: 'tower_0/keypoints: [1, height / 4, width / 4, C]; tower_0/wh: [1, height / 4, width / 4, 4]',
    boxes: 'pixels of the input',
    overlaps: 'left in',
  },
  yolov5: {
    decode: decodeYolov5,
    expects: 'predictions: [1, N, 5 + C] of cx, cy, w, h, objectness, class probabilities (also YOLOv7, YOLOX with --decode_in_inference)',
    boxes: 'pixels of the input',
    overlaps: 'left in',
  },
  yolov8: {
    decode: decodeYolov8,
    expects: 'predictions: [1, 4 + C, N] or [1, N, 4 + C] of cx, cy, w, h, class probabilities (also YOLO11)',
    boxes: 'pixels of the input',
    overlaps: 'left in',
  },
  'yolo-nms-free': {
    decode: decodeEndToEndYolo,
    expects: 'predictions: [1, N, 6] of x1, y1, x2, y2, score, class number (YOLOv10, YOLO26, exports with nms=True)',
    boxes: 'pixels of the input',
    overlaps: 'resolved by the model',
  },
  yolox: {
    decode: decodeYolox,
    expects: 'predictions: [1, cells of strides 8, 16 and 32, 5 + C], boxes relative to their cells',
    boxes: 'pixels of the input',
    overlaps: 'left in',
  },
  ssd: {
    decode: decodeSsd,
    expects:
      'boxes: [1, N, 4]; scores: [1, N] with classes: [1, N] and count: [1] (y1, x1, y2, x2), or scores: [1, N, C] or [1, N, 1 + C] (x1, y1, x2, y2)',
    boxes: 'fractions of the input',
    overlaps: 'left in',
  },
  rtdetr: {
    decode: decodeRtdetr,
    expects: 'logits: [1, N, C] with boxes: [1, N, 4]; or labels: [1, N], boxes: [1, N, 4], scores: [1, N]; or predictions: [1, N, 4 + C]',
    boxes: 'fractions of the input',
    overlaps: 'resolved by the model',
  },
};
