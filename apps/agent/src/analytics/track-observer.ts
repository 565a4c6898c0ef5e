import { boxArea, iou, scaleBox, type BoxXyxy } from '@nightjar/geometry';

/** What the bus says of a track beside its box. */
export interface TrackObservation {
  /** It did not move for a while. */
  stationary: boolean;
  /** This frame shows it better than any before. */
  best: boolean;
}

interface Remembered {
  anchor: BoxXyxy;
  anchoredAtMs: number;
  hasMoved: boolean;
  bestRank: number;
  seenAtMs: number;
}

/** A box that still covers this much of where it stood has not moved. */
const samePlaceIou = 0.7;
const stationaryMs = 5_000;
/** A little better is not worth telling: consumers fetch a picture for each new best. */
const betterBy = 1.05;
const forgottenMs = 30_000;

/** Watches tracks over time. The best frame of a track is the one with the largest score × area. Bounded by what the tracker holds. */
export class TrackObserver {
  private readonly tracks = new Map<number, Remembered>();

  /** @param atMs a clock that does not jump */
  observe(track: { trackId: number; box: BoxXyxy; score: number }, atMs: number): TrackObservation {
    const rank = track.score * boxArea(track.box);
    const known = this.tracks.get(track.trackId);
    if (!known) {
      this.tracks.set(track.trackId, { anchor: track.box, anchoredAtMs: atMs, hasMoved: false, bestRank: rank, seenAtMs: atMs });
      return { stationary: false, best: true };
    }
    known.seenAtMs = atMs;
    if (iou(known.anchor, track.box) < samePlaceIou) {
      known.anchor = track.box;
      known.anchoredAtMs = atMs;
      known.hasMoved = true;
    }
    const best = rank > known.bestRank * betterBy;
    if (best) known.bestRank = rank;
    return { stationary: atMs - known.anchoredAtMs >= stationaryMs, best };
  }

  /** Whether a track is elsewhere than where it was first seen. */
  hasMoved(trackId: number): boolean {
    return this.tracks.get(trackId)?.hasMoved ?? false;
  }

  /** The pictures have another size from now on: what stood on them stands there still. */
  rescale(scaleX: number, scaleY: number): void {
    for (const known of this.tracks.values()) {
      known.anchor = scaleBox(known.anchor, scaleX, scaleY);
      known.bestRank *= scaleX * scaleY;
    }
  }

  /** Forgets what was not seen for half a minute. */
  sweep(atMs: number): void {
    for (const [trackId, { seenAtMs }] of this.tracks) if (atMs - seenAtMs > forgottenMs) this.tracks.delete(trackId);
  }
}
