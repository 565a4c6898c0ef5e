import { expandBox, iou, type BoxXyxy } from '@nightjar/geometry';
import { assignByWeight, unassigned } from './assignment.js';
import { Track } from './track.js';

/** What the tracker needs to know of a detection; callers pass their own richer type and get it back. */
export interface TrackableDetection {
  readonly box: BoxXyxy;
  readonly score: number;
  readonly label: string;
}

interface ByteTrackerOptions {
  /** Detections from here on are objects: they continue a track or begin one. */
  readonly highScore: number;
  /** Detections from here up to `highScore` may only continue a track (someone half hidden); below it they are ignored. */
  readonly lowScore: number;
  /** Smallest IoU × score that joins a track and a high-score detection. */
  readonly minHighMatch: number;
  /** Smallest IoU that joins a track and a low-score detection. */
  readonly minLowMatch: number;
  /** An object not seen for longer than this has left; if it comes back it is a new one. */
  readonly lostTrackMs: number;
  /** Bound on remembered tracks, lost ones included. */
  readonly maxTracks: number;
}

export const defaultByteTrackerOptions: ByteTrackerOptions = {
  highScore: 0.45,
  lowScore: 0.1,
  minHighMatch: 0.2,
  minLowMatch: 0.5,
  lostTrackMs: 5_000,
  maxTracks: 50,
};

/** A detection of the current frame with the object it belongs to. */
export interface TrackedDetection<T extends TrackableDetection> {
  readonly detection: T;
  /** ≥ 1, unique within this tracker, never used again for another object. */
  readonly trackId: number;
  /** On how many frames the object was detected, this one included. */
  readonly hits: number;
  readonly bornAtMs: number;
}

interface TrackerCounts {
  /** Tracks remembered now, lost ones included. */
  readonly tracks: number;
  /** Detections so far that got an id for one frame only, because `maxTracks` objects were in view already. */
  readonly overCap: number;
  /** Lost tracks so far that were forgotten early, to make room for an object in view. */
  readonly evicted: number;
}

/** At low frame rates a walker leaves his own box between two frames: boxes are grown by this share of their height a second. */
const growthHeightsPerSecond = 0.5;
const largestGrowthHeights = 0.5;

/**
 * ByteTrack (Zhang et al., ECCV 2022): detections of one frame in, the same detections with track ids out. Tracks are first
 * joined with the detections of high score, those left over with the ones of low score, both by an optimal assignment;
 * remaining detections of high score become tracks.
 *
 * Differences from the paper, all for callers at 0.5 to 30 frames a second: time is in ms instead of frames, boxes are grown
 * with the time since the last frame before they are compared, and an object has its id from its first frame on (no
 * confirmation on a second frame; callers that want one look at `hits`).
 *
 * Deterministic and free of I/O: the caller passes the time. One instance per source; not for concurrent use.
 */
export class ByteTracker {
  private readonly options: ByteTrackerOptions;
  /** Bound: `maxTracks`. When full, the longest-lost track makes room; when all are in view, a new object gets an id but no track. */
  private tracks: Track[] = [];
  private nextId = 1;
  private overCap = 0;
  private evicted = 0;
  private frame = 0;
  private lastFrameAtMs: number | undefined;

  constructor(options: Partial<ByteTrackerOptions> = {}) {
    this.options = { ...defaultByteTrackerOptions, ...options };
  }

  get counts(): TrackerCounts {
    return { tracks: this.tracks.length, overCap: this.overCap, evicted: this.evicted };
  }

  /**
   * Takes the detections of one frame. Every detection of high score comes back, and those of low score that continue a track,
   * in the order they were given.
   * @param atMs time of the frame on any clock that does not jump; a frame older than the last one counts as simultaneous
   */
  update<T extends TrackableDetection>(detections: readonly T[], atMs: number): TrackedDetection<T>[] {
    const { highScore, lowScore, lostTrackMs } = this.options;
    const elapsedMs = Math.max(0, atMs - (this.lastFrameAtMs ?? atMs));
    this.lastFrameAtMs = Math.max(atMs, this.lastFrameAtMs ?? atMs);

    this.frame++;
    this.tracks = this.tracks.filter((track) => atMs - track.lastSeenAtMs <= lostTrackMs);
    for (const track of this.tracks) track.predict(atMs);

    const trackOf = new Map<T, Track>();
    const high = detections.filter(({ score }) => score >= highScore);
    const low = detections.filter(({ score }) => score >= lowScore && score < highScore);
    const growthHeights = Math.min((growthHeightsPerSecond * elapsedMs) / 1000, largestGrowthHeights);

    const leftTracks = this.join({ tracks: this.tracks, detections: high, growthHeights, match: 'high', atMs }, trackOf);
    // Only what was in view a frame ago may continue on weak evidence, else a lost track would wake on noise.
    const recentTracks = leftTracks.filter((track) => track.lastSeenFrame === this.frame - 1);
    this.join({ tracks: recentTracks, detections: low, growthHeights, match: 'low', atMs }, trackOf);

    for (const track of this.tracks) if (track.lastSeenFrame !== this.frame) track.markUnseen();
    return detections.flatMap((detection) => {
      const track = trackOf.get(detection);
      if (track) return [{ detection, trackId: track.id, hits: track.hits, bornAtMs: track.bornAtMs }];
      return detection.score >= highScore ? [this.begin(detection, atMs)] : [];
    });
  }

  /** The frames from now on have another size: what is followed keeps its place on the picture. */
  rescale(scaleX: number, scaleY: number): void {
    for (const track of this.tracks) track.rescale(scaleX, scaleY);
  }

  /** Joins tracks with detections, updates the joined ones and returns the tracks that are left over. */
  private join<T extends TrackableDetection>(
    stage: { tracks: readonly Track[]; detections: readonly T[]; growthHeights: number; match: 'high' | 'low'; atMs: number },
    trackOf: Map<T, Track>,
  ): Track[] {
    const { tracks, detections, atMs } = stage;
    const columnOfRow = assignByWeight(this.weights(stage), tracks.length, detections.length);
    return tracks.filter((track, row) => {
      const column = columnOfRow[row] ?? unassigned;
      const detection = detections[column];
      if (detection === undefined) return true;
      track.update(detection.box, { atMs, frame: this.frame });
      trackOf.set(detection, track);
      return false;
    });
  }

  /** How well each track (row) fits each detection (column); 0 where they may not be joined. */
  private weights(stage: {
    tracks: readonly Track[];
    detections: readonly TrackableDetection[];
    growthHeights: number;
    match: 'high' | 'low';
  }): Float64Array {
    const { tracks, detections, growthHeights, match } = stage;
    const weights = new Float64Array(tracks.length * detections.length);
    const grown = detections.map(({ box }) => growByHeight(box, growthHeights));
    const threshold = match === 'high' ? this.options.minHighMatch : this.options.minLowMatch;
    tracks.forEach((track, row) => {
      const trackBox = growByHeight(track.box, growthHeights);
      detections.forEach((detection, column) => {
        if (detection.label !== track.label) return;
        const overlap = iou(trackBox, grown[column]!);
        const weight = match === 'high' ? overlap * detection.score : overlap;
        if (weight >= threshold) weights[row * detections.length + column] = weight;
      });
    });
    return weights;
  }

  /** A detection that continues nothing: a new object. Beyond the cap it has an id of its own, but is not followed. */
  private begin<T extends TrackableDetection>(detection: T, atMs: number): TrackedDetection<T> {
    const trackId = this.nextId++;
    if (this.tracks.length >= this.options.maxTracks && !this.evictLongestLost()) {
      this.overCap++;
      return { detection, trackId, hits: 1, bornAtMs: atMs };
    }
    const track = new Track(trackId, detection.label, detection.box, { atMs, frame: this.frame });
    this.tracks.push(track);
    return { detection, trackId, hits: track.hits, bornAtMs: atMs };
  }

  /** @returns false when every track is in view on this frame */
  private evictLongestLost(): boolean {
    const [oldest] = this.tracks.filter((track) => track.lastSeenFrame !== this.frame).sort((a, b) => a.lastSeenAtMs - b.lastSeenAtMs);
    if (!oldest) return false;
    this.tracks = this.tracks.filter((track) => track !== oldest);
    this.evicted++;
    return true;
  }
}

function growByHeight(box: BoxXyxy, heights: number): BoxXyxy {
  return heights === 0 ? box : expandBox(box, (box.y2 - box.y1) * heights);
}
