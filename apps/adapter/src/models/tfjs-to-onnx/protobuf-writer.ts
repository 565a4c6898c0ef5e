const wireType = { varint: 0, lengthDelimited: 2, fixed32: 5 } as const;

/**
 * Writes one protobuf message, field by field, in the order of the calls. Enough of the wire format for ONNX:
 * varints, 32-bit floats, byte strings and nested messages.
 */
export class ProtobufWriter {
  private readonly parts: Uint8Array[] = [];

  /** int32, int64, bool or enum. Negative numbers take ten bytes, as the format asks. */
  integer(field: number, value: number | bigint): this {
    this.parts.push(varint(tag(field, wireType.varint)), varint(value));
    return this;
  }

  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.parts.push(varint(tag(field, wireType.fixed32)), bytes);
    return this;
  }

  /** Keeps a reference to `bytes`: they must not change before `finish`. */
  bytes(field: number, bytes: Uint8Array): this {
    this.parts.push(varint(tag(field, wireType.lengthDelimited)), varint(bytes.byteLength), bytes);
    return this;
  }

  text(field: number, text: string): this {
    return this.bytes(field, Buffer.from(text));
  }

  message(field: number, message: ProtobufWriter): this {
    return this.bytes(field, message.finish());
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }
}

function tag(field: number, type: number): number {
  return (field << 3) | type;
}

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
