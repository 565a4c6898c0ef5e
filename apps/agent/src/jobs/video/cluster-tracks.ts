/** A track whose face is known. */
interface FaceOfTrack {
  /** Of length 1. */
  vector: Float32Array;
  firstSeconds: number;
  lastSeconds: number;
}

/**
 * Joins tracks into persons: again and again the two groups whose mean faces are most alike, as long as their cosine reaches the
 * threshold. Groups that are on screen at the same time never join: they are two people. The vectors are compared once, n² times;
 * after that groups are sums of what was compared. The caller bounds n.
 * @returns for each track the number of its group, counted from 0 in the order of first members
 */
export function clusterTracks(tracks: readonly FaceOfTrack[], threshold: number): number[] {
  const table = new GroupTable(tracks);
  for (let pair = table.closestPair(); pair && pair.cosine >= threshold; pair = table.closestPair()) table.join(pair);
  const numbers = new Map<number, number>();
  return tracks.map((_track, index) => {
    const group = table.groupOf(index);
    if (!numbers.has(group)) numbers.set(group, numbers.size);
    return numbers.get(group) ?? 0;
  });
}

/** Groups go by their first member. */
class GroupTable {
  private readonly size: number;
  /** Product of the sums of two groups' vectors, row by row; on the diagonal the square of a sum's length. */
  private readonly products: Float64Array;
  /** Whether two groups are ever on screen at the same time. */
  private readonly together: Uint8Array;
  private readonly lengths: Float64Array;
  private readonly groups: number[];
  private active: number[];

  constructor(tracks: readonly FaceOfTrack[]) {
    const size = tracks.length;
    this.size = size;
    this.products = new Float64Array(size * size);
    this.together = new Uint8Array(size * size);
    tracks.forEach((a, row) => {
      tracks.slice(0, row + 1).forEach((b, column) => {
        const product = dotProduct(a.vector, b.vector);
        const overlap = a.firstSeconds <= b.lastSeconds && b.firstSeconds <= a.lastSeconds ? 1 : 0;
        for (const at of [row * size + column, column * size + row]) {
          this.products[at] = product;
          this.together[at] = overlap;
        }
      });
    });
    this.lengths = Float64Array.from(tracks, (_track, index) => this.lengthOf(index));
    this.groups = tracks.map((_track, index) => index);
    this.active = [...this.groups];
  }

  groupOf(track: number): number {
    return this.groups[track] ?? track;
  }

  /** @returns undefined when all that are left are on screen together, or one is */
  closestPair(): { kept: number; gone: number; cosine: number } | undefined {
    let [kept, gone, cosine] = [-1, -1, -Infinity];
    for (let first = 0; first < this.active.length; first++) {
      const a = this.active[first]!;
      for (let second = first + 1; second < this.active.length; second++) {
        const b = this.active[second]!;
        if (this.together[a * this.size + b] === 1) continue;
        const alike = this.products[a * this.size + b]! / (this.lengths[a]! * this.lengths[b]!);
        if (alike > cosine) [kept, gone, cosine] = [a, b, alike];
      }
    }
    return kept < 0 ? undefined : { kept, gone, cosine };
  }

  join({ kept, gone }: { kept: number; gone: number }): void {
    const { size, products, together } = this;
    products[kept * size + kept]! += products[gone * size + gone]! + 2 * products[kept * size + gone]!;
    this.lengths[kept] = this.lengthOf(kept);
    this.active = this.active.filter((group) => group !== gone);
    for (const other of this.active) {
      if (other === kept) continue;
      products[kept * size + other]! += products[gone * size + other]!;
      products[other * size + kept] = products[kept * size + other]!;
      together[kept * size + other]! |= together[gone * size + other]!;
      together[other * size + kept] = together[kept * size + other]!;
    }
    this.groups.forEach((group, track) => {
      if (group === gone) this.groups[track] = kept;
    });
  }

  private lengthOf(group: number): number {
    // Faces that are exactly opposite would add up to nothing.
    return Math.sqrt(Math.max(this.products[group * this.size + group] ?? 0, Number.EPSILON));
  }
}

function dotProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}
