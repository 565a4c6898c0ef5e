/** A constant of a graph made in a test. */
export interface Constant {
  readonly type: 'float32' | 'int32' | 'bool';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export function floats(shape: readonly number[], values: readonly number[]): Constant {
  return { type: 'float32', shape, values };
}

export function integers(...values: readonly number[]): Constant {
  return { type: 'int32', shape: [values.length], values };
}

export function integer(value: number): Constant {
  return { type: 'int32', shape: [], values: [value] };
}

export type AttributeValue =
  number | boolean | string | readonly number[] | readonly string[] | { readonly type: string } | { readonly float: number };

/** A node of a graph made in a test; an input is the name of a node or a constant of its own. */
export interface SmallNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly (string | Constant)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>> | undefined;
}

export interface SmallGraph {
  readonly input: Constant;
  /** The input is called `x`. */
  readonly nodes: readonly SmallNode[];
  readonly outputs: readonly string[];
}

const dataTypes = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' } as const;

/** A TensorFlow.js model of a few nodes: its `model.json` as an object, and its weights. */
export function graphModel({ input, nodes, outputs }: SmallGraph): { json: { modelTopology: object }; weights: Uint8Array } {
  const constants: { name: string; constant: Constant }[] = [];
  const reference = (node: SmallNode, operand: string | Constant, index: number): string => {
    if (typeof operand === 'string') return operand;
    const name = `${node.name}/${index}`;
    constants.push({ name, constant: operand });
    return name;
  };
  const definitions = nodes.map((node) => ({
    name: node.name,
    op: node.op,
    input: node.inputs.map((operand, index) => reference(node, operand, index)),
    attr: Object.fromEntries(Object.entries(node.attributes ?? {}).map(([name, value]) => [name, attributeOf(value)])),
  }));
  const shapeAttribute = (shape: readonly number[]) => ({ shape: { dim: shape.map((size) => ({ size: `${size}` })) } });
  const json = {
    format: 'graph-model',
    modelTopology: {
      versions: { producer: 1 },
      node: [
        { name: 'x', op: 'Placeholder', attr: { dtype: { type: dataTypes[input.type] }, shape: shapeAttribute(input.shape) } },
        ...constants.map(({ name, constant }) => ({ name, op: 'Const', attr: { dtype: { type: dataTypes[constant.type] } } })),
        ...definitions,
      ],
    },
    weightsManifest: [
      { paths: ['weights.bin'], weights: constants.map(({ name, constant: { shape, type } }) => ({ name, shape, dtype: type })) },
    ],
    signature: { outputs: Object.fromEntries(outputs.map((name) => [name, { name }])) },
  };
  return { json, weights: Buffer.concat(constants.map(({ constant }) => bytesOf(constant))) };
}

function attributeOf(value: AttributeValue): object {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  if (typeof value === 'number') return { i: `${value}` };
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'string') return { s: base64(value) };
  if ('float' in value) return { f: value.float };
  if ('type' in value) return value;
  const texts = value.filter((item) => typeof item === 'string');
  return { list: texts.length > 0 ? { s: texts.map(base64) } : { i: value.map(String) } };
}

function bytesOf({ type, values }: Constant): Uint8Array {
  if (type === 'bool') return Uint8Array.from(values);
  return new Uint8Array((type === 'float32' ? Float32Array.from(values) : Int32Array.from(values)).buffer);
}
