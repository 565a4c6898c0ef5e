import { assignByWeight } from './assignment.js';

/** One detection of a sequence: who it really is (0: nobody, a false alarm), and which id the tracker gave it (0: none). */
export interface IdentifiedDetection {
  person: number;
  trackId: number;
}

/**
 * IDF1 of Ristani et al. (2016): each person is given one track such that most detections are right; the score is the harmonic mean
 * of how many of the detections of persons, and of those of tracks, are right then.
 */
export function identityF1(detections: readonly IdentifiedDetection[]): number {
  const persons = [...new Set(detections.map(({ person }) => person))].filter((person) => person > 0);
  const tracks = [...new Set(detections.map(({ trackId }) => trackId))].filter((trackId) => trackId > 0);
  const together = new Float64Array(persons.length * tracks.length);
  for (const { person, trackId } of detections)
    if (person > 0 && trackId > 0) together[persons.indexOf(person) * tracks.length + tracks.indexOf(trackId)]! += 1;
  const trackOf = assignByWeight(together, persons.length, tracks.length);
  const right = persons.reduce((sum, _, row) => sum + (trackOf[row]! >= 0 ? together[row * tracks.length + trackOf[row]!]! : 0), 0);
  const ofPersons = detections.filter(({ person }) => person > 0).length;
  const ofTracks = detections.filter(({ trackId }) => trackId > 0).length;
  return (2 * right) / (ofPersons + ofTracks);
}
