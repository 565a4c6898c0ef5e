import { boxArea } from '@nightjar/geometry';
import type { DetectedFace, EngineTasks } from '../../engine/engine-tasks.js';
import { describeModel, type LoadedModel } from '../../models/loaded-model.js';
import type { EngineTask, StepContext } from '../engine-task.js';
import { attributesOf, descriptorOf, landmarksOf } from './describe-face.js';
import { findFaces, type FoundFace } from './find-faces.js';

type Options = EngineTasks['detect_faces']['options'];

/** Cosine from which two faces are one person, where the model's manifest names none. */
const usualThreshold = 0.5;

/** The models that describe faces, as far as they are asked for. */
interface Describers {
  readonly mesh: LoadedModel | undefined;
  readonly attributes: LoadedModel | undefined;
  readonly descriptor: LoadedModel | undefined;
}

/**
 * Finds faces and says what was asked of them. Steps of one request share the search, and what one of them learned of a face.
 */
export const detectFaces: EngineTask<'detect_faces'> = {
  needsPixels: true,
  async run(context, options) {
    const detector = await context.use('face_detector', options.model);
    const minScore = options.minScore ?? detector.manifest.defaults.minScore;
    const { fingerprint } = detector;
    const found = await context.once(`find_faces:${fingerprint}:${minScore}`, () => findFaces(context, { model: detector, minScore }));
    const describers = await describersFor(context, options);
    const largest = found.reduce<FoundFace | undefined>((a, b) => (a && boxArea(a.box) >= boxArea(b.box) ? a : b), undefined);
    const faces: DetectedFace[] = [];
    for (const face of found) {
      const wantsDescriptor = options.descriptors === 'all' || (options.descriptors === 'largest' && face === largest);
      faces.push(await describe(context, face, { ...describers, descriptor: wantsDescriptor ? describers.descriptor : undefined }));
    }
    const { descriptor } = describers;
    return {
      faces,
      picture: await context.picture.size(),
      descriptorModel: descriptor && describeModel(descriptor),
      threshold: descriptor && (descriptor.manifest.defaults.threshold ?? usualThreshold),
    };
  },
};

async function describersFor(context: StepContext, { attributes, descriptors }: Options): Promise<Describers> {
  const descriptor = descriptors === 'none' ? undefined : await context.use('face_descriptor');
  const needsLandmarks = attributes || descriptor?.manifest.face.crop === 'aligned';
  const mesh = needsLandmarks && context.has('face_mesh') ? await context.use('face_mesh') : undefined;
  return { mesh, attributes: attributes ? await attributeModel(context) : undefined, descriptor };
}

/** Age and gender come from FaceRes, also where another model describes faces. */
async function attributeModel(context: StepContext): Promise<LoadedModel | undefined> {
  if (!context.has('face_descriptor')) return undefined;
  const usual = await context.use('face_descriptor');
  if (usual.manifest.decoder === 'faceres') return usual;
  return context.has('face_descriptor', 'faceres') ? context.use('face_descriptor', 'faceres') : undefined;
}

function describe(context: StepContext, face: FoundFace, { mesh, attributes, descriptor }: Describers): Promise<DetectedFace> {
  const { x1, y1, x2, y2 } = face.box;
  const key = [x1, y1, x2, y2, mesh?.fingerprint, attributes?.fingerprint, descriptor?.fingerprint].join(':');
  return context.once(`describe_face:${key}`, async () => {
    const landmarks = await landmarksOf(context, face, mesh);
    const known = attributes && (await attributesOf(context, face, attributes));
    const sameModel = attributes === descriptor ? known : undefined;
    const vector = descriptor && (await descriptorOf(context, face, { model: descriptor, landmarks, known: sameModel }));
    const isSure = known !== undefined && known.genderConfidence >= (attributes?.manifest.defaults.minScore ?? 0);
    return {
      box: face.box,
      score: face.score,
      ...(landmarks && { landmarks }),
      ...(known && { age: Math.round(known.age) }),
      ...(isSure && { gender: known.gender }),
      ...(vector && { descriptor: vector }),
    };
  });
}
