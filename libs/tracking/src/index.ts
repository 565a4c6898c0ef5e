export {
  ByteTracker,
  defaultByteTrackerOptions,
  type ByteTrackerOptions,
  type TrackableDetection,
  type TrackedDetection,
  type TrackerCounts,
} from './byte-tracker.js';
