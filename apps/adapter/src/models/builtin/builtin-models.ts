import { blazefaceBack } from './blazeface-back/manifest.js';
import type { BuiltinModel } from './builtin-model.js';
import { centernet } from './centernet/manifest.js';
import { facemesh } from './facemesh/manifest.js';
import { faceres } from './faceres/manifest.js';
import { identity } from './identity/manifest.js';
import { nanodet } from './nanodet/manifest.js';
import { ppOcrV4 } from './pp-ocr-v4/manifest.js';

/** The models that come with Nightjar. The first of a kind is the default of that kind. */
export const builtinModels: readonly BuiltinModel[] = [nanodet, centernet, blazefaceBack, faceres, facemesh, ppOcrV4, identity];
