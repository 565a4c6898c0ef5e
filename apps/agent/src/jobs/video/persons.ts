import { assignFaces, type SeenFace } from '../seen-face.js';
import { bestFaces, featuresOf, meanDescriptor, unknownFeatures, type PersonFeatures } from '../person-id.js';
import { clusterTracks } from './cluster-tracks.js';
import type { TrackedFrame } from './person-tracks.js';

/** The faces that were found on one picture. */
export interface FacesOfPicture {
  atSeconds: number;
  faces: readonly SeenFace[];
}

/** Who the tracks of a video are. */
export interface Persons {
  /** Number of the person of each track. */
  personOf: ReadonlyMap<number, number>;
  /** By the person's number. */
  features: ReadonlyMap<number, PersonFeatures>;
}

/** Comparing them takes a quarter of a second for this many tracks; of more, those with the worst faces stay persons of their own. */
const comparedTracksMax = 500;

interface Track {
  number: number;
  firstSeconds: number;
  lastSeconds: number;
  faces: SeenFace[];
}

/**
 * Says which tracks of a video are the same person: every face goes to the track whose box holds it, a track's face is the mean
 * of its best ones, and tracks whose faces are alike are one person. A track without a face is a person of its own.
 * @param threshold cosine from which two faces are one person; undefined: the adapter gave no descriptors, nobody is joined
 */
export function groupPersons(options: {
  frames: readonly TrackedFrame[];
  faces: readonly FacesOfPicture[];
  threshold: number | undefined;
}): Persons {
  const tracks = collectTracks(options);
  const described = tracks
    .map((track) => ({ track, vector: meanDescriptor(bestFaces(track.faces)) }))
    .filter(({ vector }) => vector.length > 0);
  const compared = options.threshold === undefined ? [] : mostReliable(described);
  const groups = clusterTracks(
    compared.map(({ track, vector }) => ({ ...track, vector })),
    options.threshold ?? 1,
  );
  const personOf = new Map(tracks.map(({ number }) => [number, number]));
  const firstOfGroup = new Map<number, number>();
  compared.forEach(({ track }, index) => {
    const group = groups[index] ?? 0;
    if (!firstOfGroup.has(group)) firstOfGroup.set(group, track.number);
    personOf.set(track.number, firstOfGroup.get(group) ?? track.number);
  });
  return { personOf, features: describePersons(tracks, personOf) };
}

function collectTracks(options: { frames: readonly TrackedFrame[]; faces: readonly FacesOfPicture[] }): Track[] {
  const facesAt = new Map(options.faces.map(({ atSeconds, faces }) => [atSeconds, faces]));
  const tracks = new Map<number, Track>();
  for (const { atSeconds, sightings } of options.frames) {
    const boxes = new Map([...sightings].map(([track, { box }]) => [track, box]));
    const found = assignFaces(boxes, facesAt.get(atSeconds) ?? []);
    for (const number of sightings.keys()) {
      const track = tracks.get(number) ?? { number, firstSeconds: atSeconds, lastSeconds: atSeconds, faces: [] };
      track.lastSeconds = atSeconds;
      const face = found.get(number);
      if (face) track.faces.push(face);
      tracks.set(number, track);
    }
  }
  return [...tracks.values()];
}

/** One length of descriptors, the best faces first where there are too many; in the order of the video. */
function mostReliable<Described extends { track: Track; vector: Float32Array }>(described: readonly Described[]): Described[] {
  const length = described[0]?.vector.length;
  const bestQuality = ({ track }: Described) => Math.max(...track.faces.map(({ quality }) => quality));
  const kept = described
    .filter(({ vector }) => vector.length === length)
    .sort((a, b) => bestQuality(b) - bestQuality(a))
    .slice(0, comparedTracksMax);
  return kept.sort((a, b) => a.track.number - b.track.number);
}

function describePersons(tracks: readonly Track[], personOf: ReadonlyMap<number, number>): Map<number, PersonFeatures> {
  const faces = new Map<number, SeenFace[]>();
  for (const track of tracks) {
    const person = personOf.get(track.number) ?? track.number;
    faces.set(person, [...(faces.get(person) ?? []), ...track.faces]);
  }
  return new Map([...faces].map(([person, seen]) => [person, seen.length === 0 ? unknownFeatures : featuresOf(seen)]));
}
