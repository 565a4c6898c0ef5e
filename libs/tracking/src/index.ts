export { ByteTracker, defaultByteTrackerOptions, type TrackedDetection } from './byte-tracker.js';
