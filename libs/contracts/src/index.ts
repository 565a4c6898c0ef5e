export { ErrorBody, ErrorCode } from './errors.js';
export { fact, rpc, type Fact, type Rpc } from './bus-message.js';
export { AnalyticName, AnalyticOffer, offerAnalytics, schemaVocabulary, StreamAnalytic, StreamFeedback, VideoInfo } from './analytics.js';
export { CameraDecodeView, DecodeReport, decodeReportsMax, decodingTold, decodingToldEveryMs } from './decoding.js';
export { FramesName, parseFrameUri, type FrameUri } from './frame-uri.js';
export { BoxLtwh, Detection, ModelIdentity, PictureSize } from './detection.js';
export { countsSomething, enclosesArea, hasLength, ruled } from './parameter-rules.js';
export { PictureRegion, Rotation, withinPictureKeyword } from './picture-region.js';
export {
  AdapterCapacity,
  adapterCapacity,
  Capability,
  FaceOnFrame,
  inferenceCancelled,
  inferenceHeaders,
  inferenceQueue,
  InferenceRequest,
  InferenceResult,
  inlinePictureBytesMax,
  Lane,
  TextOnFrame,
} from './inference.js';
export {
  AgentCapacity,
  agentCapacity,
  beatJob,
  claimJob,
  FaceModel,
  FinishedOutcome,
  finishJob,
  ImageResult,
  type ImageWork,
  ItemOutcome,
  jobCancelled,
  JobError,
  JobId,
  jobMoved,
  JobOutcome,
  jobProgressed,
  jobQueued,
  JobState,
  MediaType,
  OcrResult,
  OptionalStage,
  outcomePartCharactersMax,
  outcomePartsMax,
  PersonConstellationScene,
  PersonId,
  putOutcomePart,
  Section,
  TimeSegment,
  VideoResult,
  type VideoWork,
  Work,
} from './jobs.js';
export {
  AssignedStream,
  CameraAssignment,
  CameraId,
  camerasChanged,
  CameraTransport,
  CameraView,
  claimStreams,
  ClipView,
  frameBytesMax,
  framePartBytesMax,
  readFrame,
  readRecorderState,
  releaseStreams,
  TransportSecurity,
} from './cameras.js';
export {
  FaceCategory,
  FaceDetails,
  FaceMetadata,
  FaceName,
  FacePersonId,
  facesChanged,
  listFaces,
  packEmbedding,
  RegisteredFace,
  registeredFacesMax,
  removeFace,
  saveFace,
  unpackEmbedding,
} from './faces.js';
export {
  AdapterAnswer,
  adapterAnswered,
  AppAlert,
  appAlert,
  DomainEvent,
  domainEvent,
  eventCommitted,
  EventView,
  InferenceFrame,
  inferenceFrame,
  ListedEventView,
  Overlay,
  overlayDrawn,
  reportEvent,
  Tier0Frame,
  tier0Frame,
  type EventReport,
} from './events.js';
export { liveViewBytesMax, LiveViewPart, LiveViewSession, readLiveView } from './live-view.js';
export { checkListeners, listenersMax, streamListened, StreamListener, StreamMessage, streamTold } from './live-results.js';
export { daysOfWeek, isInSchedule, TimeOfDay, Timezone, timezoneFormat, WeeklySchedule } from './weekly-schedule.js';
