/** How far the registry has come, as a reader sees it at one moment. */
interface RegistryState {
  revision: number;
  /** Removals up to here may have been forgotten. */
  forgottenRevision: number;
}

/** Something that happened to the registry; `bytes` is what it takes in a message. */
interface Change {
  revision: number;
  bytes: number;
}

/** What a reader knows: everything up to `afterRevision`, once it has read all pages from the one that began at `beganAtRevision`. */
export interface ReaderState {
  afterRevision: number;
  beganAtRevision: number;
}

interface PageStart extends ReaderState {
  fromStart: boolean;
  /** Removals before that are of faces which the reader never heard of. */
  removalsAfterRevision: number;
}

/**
 * Where a page begins. From the start for a reader who knows nothing, who lacks removals that are forgotten by now, or who knows a
 * future that this database does not (it was restored from a backup).
 */
export function startOfPage({ afterRevision, beganAtRevision }: ReaderState, registry: RegistryState): PageStart {
  const knownRemovals = Math.max(afterRevision, beganAtRevision);
  if (afterRevision === 0 || knownRemovals < registry.forgottenRevision || knownRemovals > registry.revision)
    return { fromStart: true, afterRevision: 0, beganAtRevision: registry.revision, removalsAfterRevision: registry.revision };
  return { fromStart: false, afterRevision, beganAtRevision, removalsAfterRevision: knownRemovals };
}

/**
 * The first changes in the order of their revisions, as many as `countMax` and `bytesMax` allow, but one at least. Every kind of
 * change that is mixed here must have been read up to `countMax` + 1 of its own, or some in between would be missed.
 */
export function cutPage<Kind extends Change>(
  changes: readonly Kind[],
  limits: { countMax: number; bytesMax: number },
): { page: Kind[]; more: boolean } {
  const inOrder = [...changes].sort((a, b) => a.revision - b.revision);
  let bytes = 0;
  const end = inOrder.findIndex((change, index) => {
    bytes += change.bytes;
    return index >= limits.countMax || (index > 0 && bytes > limits.bytesMax);
  });
  return end === -1 ? { page: inOrder, more: false } : { page: inOrder.slice(0, end), more: true };
}
