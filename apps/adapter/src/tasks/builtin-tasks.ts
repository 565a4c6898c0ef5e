import type { Clock } from '@nightjar/runtime';
import type { FaceRegistry } from '../faces/face-registry.js';
import { faceDetection } from './face-detection/face-detection.task.js';
import { faceEmbedding } from './face-embedding/face-embedding.task.js';
import { faceRecognition } from './face-recognition/face-recognition.task.js';
import { faceVerify } from './face-verify/face-verify.task.js';
import { identity } from './identity/identity.task.js';
import { imageClassification } from './image-classification/image-classification.task.js';
import { imageEmbedding } from './image-embedding/image-embedding.task.js';
import { licensePlateRecognition } from './license-plate-recognition/license-plate-recognition.task.js';
import { motionDetection } from './motion-detection/motion-detection.task.js';
import { objectDetection } from './object-detection/object-detection.task.js';
import { personCounting } from './person-counting/person-counting.task.js';
import { personDetection } from './person-detection/person-detection.task.js';
import { sceneDescription } from './scene-description/scene-description.task.js';
import type { Task } from './task.js';
import { textRecognition } from './text-recognition/text-recognition.task.js';
import { watchlistCheck } from './watchlist-check/watchlist-check.task.js';

/** All tasks that come with the adapter, in the order in which they are listed. */
export function builtinTasks({ clock, faces }: { clock: Clock; faces: FaceRegistry }): Task[] {
  return [
    objectDetection(),
    personDetection(),
    personCounting(clock),
    faceDetection,
    faceEmbedding,
    faceRecognition(faces),
    faceVerify,
    watchlistCheck(faces),
    sceneDescription,
    textRecognition,
    licensePlateRecognition,
    motionDetection(clock),
    imageEmbedding(),
    imageClassification(),
    identity(),
  ];
}
