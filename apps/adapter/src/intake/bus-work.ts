import type { BoxLtwh, Capability, InferenceRequest, InferenceResult } from '@nightjar/contracts';
import { ltwhFromXyxy, xyxyFromLtwh, type BoxXyxy } from '@nightjar/geometry';
import type { PulledWork } from '@nightjar/messaging';
import { AppError, type Clock } from '@nightjar/runtime';
import type { EnginePool } from '../engine/engine-pool.js';
import type { AnsweringModel, EngineStep, EngineTaskName, EngineTasks } from '../engine/engine-tasks.js';
import { personMinScore } from '../tasks/person-counting/person-counting.task.js';
import { languageOf } from '../tasks/text-recognition/language-of.js';
import { checkPicture } from './picture-header.js';

type Findings = Omit<InferenceResult, 'latency_ms' | 'model' | 'picture'>;

/** How a capability of the bus is done: what the engine is asked for, and what of its result goes back. */
interface BusCapability<Task extends EngineTaskName> {
  readonly step: (request: InferenceRequest) => EngineStep<Task>;
  readonly findings: (result: EngineTasks[Task]['result']) => Findings;
}

const capabilities: {
  readonly person_detection: BusCapability<'detect_objects'>;
  readonly object_detection: BusCapability<'detect_objects'>;
  readonly face_detection: BusCapability<'detect_faces'>;
  readonly text_recognition: BusCapability<'read_text'>;
  readonly scene_description: BusCapability<'describe_scene'>;
} & Readonly<Record<Capability, unknown>> = {
  // No tracks: whoever asks over the bus follows persons itself.
  person_detection: {
    step: ({ min_confidence: minScore = personMinScore, regions }) => ({
      task: 'detect_objects',
      options: { labels: ['person'], minScore, regions: regions?.map(boxOf) },
    }),
    findings: describeObjects,
  },
  object_detection: {
    step: ({ min_confidence: minScore, labels, regions }) => ({
      task: 'detect_objects',
      options: { labels, minScore, regions: regions?.map(boxOf) },
    }),
    findings: describeObjects,
  },
  face_detection: {
    step: ({ min_confidence: minScore, with_descriptors: withDescriptors }) => ({
      task: 'detect_faces',
      options: { minScore, attributes: true, descriptors: withDescriptors ? 'all' : 'none' },
    }),
    findings: describeFaces,
  },
  text_recognition: {
    step: ({ min_confidence: minConfidence }) => ({ task: 'read_text', options: { minConfidence } }),
    findings: ({ lines }) => ({
      detections: [],
      lines: lines.map(({ text, confidence, box }) => ({ text, confidence, bbox: ltwh(box), language_code: languageOf(text) })),
    }),
  },
  scene_description: {
    step: () => ({ task: 'describe_scene', options: {} }),
    findings: ({ caption, modelId, source }) => ({ detections: [], caption: { text: caption, model_id: modelId, source } }),
  },
};

/** All that an adapter can be asked for over the bus. */
export const busCapabilities = Object.keys(capabilities) as Capability[];

/** Does one item of work from the bus. @throws AppError that travels to the caller */
export async function doBusWork(
  work: PulledWork,
  { pool, clock, signal }: { pool: EnginePool; clock: Clock; signal: AbortSignal },
): Promise<InferenceResult> {
  const { picture, request, lane, deadlineUnixMs, deliveries } = work;
  const receivedMs = clock.monotonicMs();
  checkPicture(picture);
  const capability = capabilities[request.capability] as BusCapability<EngineTaskName>;
  const { steps } = await pool.run({
    work: { steps: [capability.step(request)], pictures: [picture] },
    lane,
    turn: request.source,
    timeoutMs: Math.max(1, deadlineUnixMs - clock.wallMs()),
    earlierRuns: deliveries - 1,
    signal,
  });
  const [outcome] = steps;
  if (!outcome?.ok) throw new AppError(outcome?.code ?? 'internal', outcome?.message ?? 'the engine gave no outcome');
  const { width: w, height: h } = (outcome.result as EngineTasks['detect_objects']['result']).picture;
  return {
    ...capability.findings(outcome.result),
    picture: { w, h },
    model: identityOf(outcome.models[0]!),
    latency_ms: Math.round(clock.monotonicMs() - receivedMs),
  };
}

function describeObjects({ objects, input }: EngineTasks['detect_objects']['result']): Findings {
  return {
    detections: objects.map(({ box, label, region, score }) => ({
      bbox: ltwh(box),
      label,
      confidence: score,
      ...(region !== undefined && { region }),
    })),
    model_input: { w: input.width, h: input.height },
  };
}

function boxOf([left, top, width, height]: BoxLtwh): BoxXyxy {
  return xyxyFromLtwh({ left, top, width, height });
}

function describeFaces({ faces, descriptorModel, threshold }: EngineTasks['detect_faces']['result']): Findings {
  return {
    detections: [],
    faces: faces.map(({ box, score, landmarks, age, gender, descriptor }) => ({
      bbox: ltwh(box),
      confidence: score,
      ...(landmarks && { landmarks: landmarks.map(({ x, y }): [number, number] => [Math.round(x), Math.round(y)]) }),
      ...(age !== undefined && { age }),
      ...(gender && { gender }),
      ...(descriptor && { descriptor: descriptor.map(roundedComponent) }),
    })),
    ...(descriptorModel && threshold !== undefined && { descriptor_model: { ...identityOf(descriptorModel), threshold } }),
  };
}

/** Five digits: a message on the bus has at most a mebibyte, and a picture may have many faces. */
function roundedComponent(value: number): number {
  return Math.round(value * 100_000) / 100_000;
}

function identityOf({ name, version, fingerprint }: AnsweringModel): InferenceResult['model'] {
  return { name, version, fingerprint };
}

function ltwh(box: BoxXyxy): [number, number, number, number] {
  const { left, top, width, height } = ltwhFromXyxy(box);
  return [left, top, width, height];
}
