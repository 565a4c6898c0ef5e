/** A request as clients write it: fields, and binary data of inputs after them. */
export function oipBody(fields: unknown, ...data: readonly Uint8Array[]): { body: Buffer; headerBytes: number } {
  const header = Buffer.from(JSON.stringify(fields));
  return { body: Buffer.concat([header, ...data]), headerBytes: header.length };
}

/** Elements of BYTES as binary data has them. */
export function prefixed(...elements: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const bytes = Buffer.from(element);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** The body of an answer: its fields, and the binary data of each output that has any, by name. */
export function readOipAnswer(
  body: Buffer,
  headerBytes: number | undefined,
): { fields: OipAnswerFields; binary: ReadonlyMap<string, Buffer> } {
  const fields = JSON.parse(body.toString('utf8', 0, headerBytes ?? body.length)) as OipAnswerFields;
  const binary = new Map<string, Buffer>();
  let offset = headerBytes ?? body.length;
  for (const { name, parameters } of fields.outputs) {
    if (parameters?.binary_data_size === undefined) continue;
    binary.set(name, body.subarray(offset, offset + parameters.binary_data_size));
    offset += parameters.binary_data_size;
  }
  if (offset !== body.length) throw new Error(`${body.length - offset} bytes of the answer belong to no output`);
  return { fields, binary };
}

export interface OipAnswerFields {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly parameters?: { readonly binary_data_size?: number };
    readonly data?: readonly unknown[];
  }[];
}
