import { readSync } from 'node:fs';

/** What a field of a message holds, as far as it matters: a text, or a message that is described itself. Other fields are skipped. */
type FieldKind = 'text' | MessageShape;

export interface MessageShape {
  readonly name: string;
  readonly fields: () => Readonly<Record<number, FieldKind>>;
}

/** Called when a message ends, with its texts by field; of a field that comes twice the last counts, as everywhere in protobuf. */
type ProtobufVisitor = (message: string, texts: ReadonlyMap<number, string>) => void;

/** The file is no protobuf, or is cut off. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

const windowBytes = 64 * 1024;
/** The runtime's own reader gives up at 100. */
const maxDepth = 64;
/** A text that matters here is a name or a path. */
const maxTextBytes = 4096;

const wireType = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/**
 * Walks the messages of a protobuf file without keeping it in memory: what has no shape is jumped over, so that gigabytes of
 * weights cost nothing.
 * @throws ProtobufError when lengths don't add up
 */
export function walkProtobuf(file: { fd: number; sizeBytes: number }, root: MessageShape, visitor: ProtobufVisitor): void {
  const reader = new FileReader(file.fd, file.sizeBytes);
  walkMessage(reader, { shape: root, end: file.sizeBytes, depth: 0 }, visitor);
}

function walkMessage(reader: FileReader, place: { shape: MessageShape; end: number; depth: number }, visitor: ProtobufVisitor): void {
  const { shape, end, depth } = place;
  if (depth > maxDepth) throw new ProtobufError('it is nested too deeply');
  const fields = shape.fields();
  const texts = new Map<number, string>();
  while (reader.position < end) {
    const tag = reader.varint(end);
    const field = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === wireType.varint) reader.varint(end);
    else if (type === wireType.fixed32) reader.skip(4, end);
    else if (type === wireType.fixed64) reader.skip(8, end);
    else if (type === wireType.lengthDelimited) {
      const length = reader.varint(end);
      const kind = fields[field];
      if (kind === undefined) reader.skip(length, end);
      else if (kind === 'text') texts.set(field, reader.text(length, end));
      else walkMessage(reader, { shape: kind, end: reader.within(length, end), depth: depth + 1 }, visitor);
    } else throw new ProtobufError('it holds something that is no field');
  }
  visitor(shape.name, texts);
}

/** Reads a file front to back through a small window. */
class FileReader {
  position = 0;
  private readonly window = Buffer.alloc(windowBytes);
  private windowStart = 0;
  private windowLength = 0;

  constructor(
    private readonly fd: number,
    private readonly sizeBytes: number,
  ) {}

  /** Where something of `length` that begins here ends. */
  within(length: number, end: number): number {
    if (length > end - this.position) throw new ProtobufError('it is cut off');
    return this.position + length;
  }

  skip(length: number, end: number): void {
    this.position = this.within(length, end);
  }

  text(length: number, end: number): string {
    if (length > maxTextBytes) throw new ProtobufError('it holds a name that is too long');
    const stop = this.within(length, end);
    const bytes = Buffer.alloc(length);
    for (let index = 0; this.position < stop; index++) bytes[index] = this.byte();
    return bytes.toString('utf8');
  }

  /** Up to 2^53; a negative number, which takes all ten bytes, comes as a large one: only lengths and tags matter here. */
  varint(end: number): number {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      if (this.position >= end) throw new ProtobufError('it is cut off');
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new ProtobufError('it holds a number that never ends');
  }

  private byte(): number {
    const offset = this.position - this.windowStart;
    if (offset < 0 || offset >= this.windowLength) this.fill();
    return this.window[this.position++ - this.windowStart]!;
  }

  private fill(): void {
    this.windowStart = this.position;
    const wanted = Math.min(windowBytes, this.sizeBytes - this.position);
    this.windowLength = wanted > 0 ? readSync(this.fd, this.window, 0, wanted, this.position) : 0;
    if (this.windowLength === 0) throw new ProtobufError('it is cut off');
  }
}
