import type { KnownFace } from './known-face.js';

/** A change that this adapter made: the registry has answered, but reading may not have come to it yet. */
export interface OwnChange {
  readonly personId: string;
  readonly revision: number;
  /** Undefined: removed. */
  readonly known: KnownFace | undefined;
}

/** What the registry says after `revision` of the copy, up to its own. */
export interface FacePage {
  readonly beganAtRevision: number;
  readonly revision: number;
  readonly faces: readonly KnownFace[];
  readonly removed: readonly { readonly personId: string; readonly revision: number }[];
}

/**
 * The faces of a registry that is elsewhere, as far as it was read. Pages come in the order of revisions; a change of our own may
 * be ahead of them, and then an older page does not undo it.
 */
export class FaceCopy {
  private readonly known = new Map<string, KnownFace>();
  private readonly ahead = new Map<string, OwnChange>();
  private readRevision = 0;
  private firstRevision = 0;

  get faces(): ReadonlyMap<string, KnownFace> {
    return this.known;
  }

  /** Everything up to here is in the copy, once all pages from the first have been read. */
  get revision(): number {
    return this.readRevision;
  }

  /** Of the registry, when its first page was read. */
  get beganAtRevision(): number {
    return this.firstRevision;
  }

  applyOwn(change: OwnChange): void {
    if (change.revision <= this.readRevision || change.revision <= (this.ahead.get(change.personId)?.revision ?? 0)) return;
    this.ahead.set(change.personId, change);
    if (change.known) this.known.set(change.personId, change.known);
    else this.known.delete(change.personId);
  }

  applyPage(page: FacePage): void {
    for (const known of page.faces) {
      const { person_id: personId, revision } = known.face;
      if (!this.isOvertaken(personId, revision)) this.known.set(personId, known);
    }
    for (const { personId, revision } of page.removed) if (!this.isOvertaken(personId, revision)) this.known.delete(personId);
    this.readRevision = page.revision;
    this.firstRevision = page.beganAtRevision;
    for (const [personId, { revision }] of this.ahead) if (revision <= page.revision) this.ahead.delete(personId);
  }

  private isOvertaken(personId: string, revision: number): boolean {
    return (this.ahead.get(personId)?.revision ?? 0) > revision;
  }
}
