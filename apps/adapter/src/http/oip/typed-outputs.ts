import { z } from 'zod';
import type { Task } from '../../tasks/task.js';
import type { TaskSuccess } from '../../tasks/task-runner.js';
import type { FixedDatatype } from './datatypes.js';
import type { TensorSignature } from './model-signature.js';
import type { WireTensor } from './wire-tensor.js';

/** What Contract v1's result of a detector holds: boxes normalised, not rounded to pixels. */
const Detections = z.object({
  detections: z.array(
    z.object({
      label: z.string(),
      confidence: z.number(),
      bbox: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      attributes: z.object({ class_id: z.int() }),
    }),
  ),
  frame_dimensions: z.object({ w: z.number(), h: z.number() }),
});

interface Found {
  /** Left, top, right, bottom in pixels of the upright picture. */
  readonly box: readonly [number, number, number, number];
  readonly score: number;
  readonly label: string;
  readonly classId: number;
  /** Which of the request's pictures. */
  readonly pictureIndex: number;
}

const Embedding = z.object({ embedding: z.array(z.number()) });

/** Outputs of a task beside its JSON, as tensors that need no reading; by what its reply has. */
export function typedOutputsOf(task: Task): readonly TensorSignature[] {
  const fields = task.output instanceof z.ZodObject ? Object.keys(task.output.shape) : [];
  if (fields.includes('detections') && task.needs.includes('detector')) {
    return [
      { name: 'boxes', datatype: 'FP32', shape: [-1, 4] },
      { name: 'scores', datatype: 'FP32', shape: [-1] },
      { name: 'labels', datatype: 'BYTES', shape: [-1] },
      { name: 'class_ids', datatype: 'INT32', shape: [-1] },
      { name: 'image_index', datatype: 'INT32', shape: [-1] },
    ];
  }
  if (fields.includes('embedding')) return [{ name: 'embedding', datatype: 'FP32', shape: [-1, -1] }];
  return [];
}

/** Values of the outputs that `typedOutputsOf` lists, of all pictures of a request one after the other. */
export function typedTensors(task: Task, outcomes: readonly TaskSuccess[]): readonly WireTensor[] {
  const [first] = typedOutputsOf(task);
  if (!first) return [];
  return first.name === 'embedding' ? embeddingTensors(outcomes) : detectionTensors(outcomes);
}

function detectionTensors(outcomes: readonly TaskSuccess[]): readonly WireTensor[] {
  const found = outcomes.flatMap(foundOn);
  const count = found.length;
  const boxes = found.flatMap(({ box }) => box);
  return [
    fixed('boxes', 'FP32', [count, 4], Float32Array.from(boxes)),
    fixed(
      'scores',
      'FP32',
      [count],
      Float32Array.from(found, ({ score }) => score),
    ),
    { name: 'labels', datatype: 'BYTES', shape: [count], elements: found.map(({ label }) => Buffer.from(label)) },
    fixed(
      'class_ids',
      'INT32',
      [count],
      Int32Array.from(found, ({ classId }) => classId),
    ),
    fixed(
      'image_index',
      'INT32',
      [count],
      Int32Array.from(found, ({ pictureIndex }) => pictureIndex),
    ),
  ];
}

function foundOn({ contractResult, body }: TaskSuccess, pictureIndex: number): Found[] {
  const { detections, frame_dimensions: picture } = Detections.parse(contractResult ?? body);
  return detections.map(({ label, confidence, bbox: { x, y, w, h }, attributes }) => ({
    box: [x * picture.w, y * picture.h, (x + w) * picture.w, (y + h) * picture.h],
    score: confidence,
    label,
    classId: attributes.class_id,
    pictureIndex,
  }));
}

function embeddingTensors(outcomes: readonly TaskSuccess[]): readonly WireTensor[] {
  const embeddings = outcomes.map(({ body }) => Embedding.parse(body).embedding);
  return [fixed('embedding', 'FP32', [embeddings.length, embeddings[0]?.length ?? 0], Float32Array.from(embeddings.flat()))];
}

function fixed(name: string, datatype: FixedDatatype, shape: readonly number[], elements: Float32Array | Int32Array): WireTensor {
  return { name, datatype, shape, bytes: new Uint8Array(elements.buffer) };
}
