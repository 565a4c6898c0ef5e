export { ErrorBody, ErrorCode } from './errors.js';
export { fact, rpc, type Fact, type Rpc } from './bus-message.js';
export { FrameName, FramesName, parseFrameUri, type FrameUri } from './frame-uri.js';
export { BoxLtwh, Detection, ModelIdentity, PictureSize } from './detection.js';
export {
  AdapterCapacity,
  adapterCapacity,
  Capability,
  inferenceHeaders,
  inferenceQueue,
  InferenceRequest,
  InferenceResult,
  inlinePictureBytesMax,
  Lane,
} from './inference.js';
export {
  beatJob,
  claimJob,
  finishJob,
  ImageResult,
  ItemOutcome,
  JobError,
  JobId,
  JobOutcome,
  jobQueued,
  JobState,
  MediaType,
  OcrResult,
  PersonConstellationScene,
  PersonId,
  Section,
  TimeSegment,
  VideoResult,
  Work,
  type ImageWork,
  type VideoWork,
} from './jobs.js';
export {
  AssignedStream,
  CameraId,
  camerasChanged,
  CameraView,
  claimStreams,
  ClipView,
  frameBytesMax,
  framePartBytesMax,
  readFrame,
  releaseStreams,
} from './cameras.js';
export { eventCommitted, EventView, Overlay, overlayDrawn, reportEvent, Tier0Frame, tier0Frame, type EventReport } from './events.js';
