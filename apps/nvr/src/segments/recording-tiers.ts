/** Where a recorded file is: on the disk that is recorded to, or in the archive that old ones go to. */
export type RecordingTier = 'fast' | 'archive';

/** What of the settings says where recordings are. Directories are absolute. */
export interface TierDirectories {
  recordingsDir: string;
  /** Undefined: there is one tier. */
  archive: { directory: string } | undefined;
}

/** The tiers that there are, in the direction in which files go: who looks for a file in this order finds it also while it moves. */
export function tiersOf({ archive, recordingsDir }: TierDirectories): { tier: RecordingTier; directory: string }[] {
  const fast = { tier: 'fast' as const, directory: recordingsDir };
  return archive ? [fast, { tier: 'archive', directory: archive.directory }] : [fast];
}
