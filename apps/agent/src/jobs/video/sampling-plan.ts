/** How densely a video is looked at. */
export interface SamplingPlan {
  /** Luma samples a second: cuts and activity. */
  samplesPerSecond: number;
  /** Every how many samples a picture goes to the detector. */
  samplesPerPicture: number;
  /** How many pictures that makes over the whole video, about. */
  pictures: number;
  /** Whether frames that no other one refers to need not be decoded: there are enough others for every sample. */
  referencesOnly: boolean;
}

/** Fine enough to tell a cut to an eighth of a second. */
const samplesPerSecond = 8;
const picturesPerSecondMax = 2;
/** Ten minutes at the full rate. Longer videos are looked at more sparsely, so that no job takes more than this from the others. */
const picturesMax = 1_200;

/** Encoders leave one frame in two to four without a reference to it: of so many frames a sample at least one is left. */
const framesPerSampleMin = 3;

/**
 * Two pictures a second up to ten minutes; beyond, as many fewer a second as the video is longer.
 * @param video.framesPerSecond what the file claims; undefined when it claims nothing
 */
export function planSampling({ durationMs, framesPerSecond }: { durationMs: number; framesPerSecond: number | undefined }): SamplingPlan {
  const durationSeconds = durationMs / 1_000;
  const sparsest = samplesPerSecond / picturesPerSecondMax;
  const samplesPerPicture = Math.max(sparsest, Math.ceil((durationSeconds * samplesPerSecond) / picturesMax));
  return {
    samplesPerSecond,
    samplesPerPicture,
    pictures: Math.max(1, Math.ceil((durationSeconds * samplesPerSecond) / samplesPerPicture)),
    referencesOnly: (framesPerSecond ?? 0) >= framesPerSampleMin * samplesPerSecond,
  };
}
