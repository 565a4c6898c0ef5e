import type { Unit } from '@nightjar/media';

const bytesMaxDefault = 16 * 1024 * 1024;
/** Two minutes at 25 a second: longer groups of pictures are not kept whole. */
const unitsMaxDefault = 3_000;

/**
 * The units since the last key frame, so that decoding can begin there at any moment. Bounded; a group of pictures that does not
 * fit is let go whole, and the next key frame begins anew.
 */
export class RecentUnits {
  /** How often a group of pictures did not fit. */
  overflows = 0;
  private units: Unit[] = [];
  private bytes = 0;

  constructor(private readonly limits: { bytesMax: number; unitsMax: number } = { bytesMax: bytesMaxDefault, unitsMax: unitsMaxDefault }) {}

  push(unit: Unit): void {
    if (unit.isKey) this.clear();
    // Without its key frame a unit is of no use.
    else if (this.units.length === 0) return;
    this.units.push(unit);
    this.bytes += unit.bytes.length;
    if (this.bytes <= this.limits.bytesMax && this.units.length <= this.limits.unitsMax) return;
    this.overflows++;
    this.clear();
  }

  /**
   * What a decoder needs next.
   * @param fedSequence the last unit that it got; undefined: none
   * @returns the units after that one, or all from the key frame on when that one came before it
   */
  after(fedSequence: number | undefined): readonly Unit[] {
    const [first] = this.units;
    if (!first || fedSequence === undefined || fedSequence < first.sequence) return this.units;
    return this.units.slice(fedSequence - first.sequence + 1);
  }

  private clear(): void {
    this.units = [];
    this.bytes = 0;
  }
}
