/** Brightness of a small version of a frame: one byte a pixel, row by row, 0 black, 255 white. */
export interface LumaPlane {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export interface PlaneSize {
  readonly width: number;
  readonly height: number;
}

/** Cuts a byte stream of planes laid end to end. */
export class LumaSplitter {
  private filled = 0;
  private plane: Uint8Array;

  constructor(private readonly size: PlaneSize) {
    this.plane = new Uint8Array(size.width * size.height);
  }

  /** @returns the planes that this chunk completed */
  push(chunk: Uint8Array): LumaPlane[] {
    const planes: LumaPlane[] = [];
    let read = 0;
    while (read < chunk.length) {
      const part = chunk.subarray(read, read + this.plane.length - this.filled);
      this.plane.set(part, this.filled);
      this.filled += part.length;
      read += part.length;
      if (this.filled < this.plane.length) break;
      planes.push({ ...this.size, pixels: this.plane });
      this.plane = new Uint8Array(this.plane.length);
      this.filled = 0;
    }
    return planes;
  }
}
