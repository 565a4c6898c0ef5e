import type { EngineTaskName } from '../engine/engine-tasks.js';
import { describeScene } from './captions/describe-scene.js';
import { classifyImage } from './classify-image.js';
import { detectObjects } from './detect-objects.js';
import { echo } from './echo.js';
import { embedImage } from './embed-image.js';
import type { EngineTask } from './engine-task.js';
import { detectFaces } from './faces/detect-faces.js';
import { runTensors } from './run-tensors.js';
import { shrinkToLuma } from './shrink-to-luma.js';
import { readPlates } from './text/read-plates.js';
import { readText } from './text/read-text.js';
import { runUserTask } from './user-tasks/run-user-task.js';

/** How each task of the protocol is done. */
export const engineTaskTable: { readonly [Name in EngineTaskName]: EngineTask<Name> } = {
  detect_objects: detectObjects,
  detect_faces: detectFaces,
  read_text: readText,
  read_plates: readPlates,
  describe_scene: describeScene,
  classify_image: classifyImage,
  embed_image: embedImage,
  shrink_to_luma: shrinkToLuma,
  echo,
  run_tensors: runTensors,
  user_task: runUserTask,
};
