/** How densely a video is looked at. */
export interface SamplingPlan {
  /** Luma samples a second: cuts and activity. */
  samplesPerSecond: number;
  /** Every how many samples a picture goes to the detector. */
  samplesPerPicture: number;
  /** How many pictures that makes over the whole video, about. */
  pictures: number;
}

/** Fine enough to tell a cut to an eighth of a second. */
const samplesPerSecond = 8;
const picturesPerSecondMax = 2;
/** Ten minutes at the full rate. Longer videos are looked at more sparsely, so that no job takes more than this from the others. */
const picturesMax = 1_200;

/** Two pictures a second up to ten minutes; beyond, as many fewer a second as the video is longer. */
export function planSampling(durationMs: number): SamplingPlan {
  const durationSeconds = durationMs / 1_000;
  const sparsest = samplesPerSecond / picturesPerSecondMax;
  const samplesPerPicture = Math.max(sparsest, Math.ceil((durationSeconds * samplesPerSecond) / picturesMax));
  return {
    samplesPerSecond,
    samplesPerPicture,
    pictures: Math.max(1, Math.ceil((durationSeconds * samplesPerSecond) / samplesPerPicture)),
  };
}
