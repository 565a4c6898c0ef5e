import { describe, expect, it } from '@jest/globals';
import { operatorCases, type OperatorCase } from './operator-cases.fixture.js';
import { operatorTable } from './operator-table.js';
import { computeConverted, computeWithTensorflow, type Result } from './small-graph-runs.fixture.js';
import { floats, integer, integers, type SmallGraph, type SmallNode } from './small-graphs.fixture.js';

/** What the cases do not show: operators on booleans, and those that make a tensor out of sizes. */
const shownBelow = ['LogicalAnd', 'LogicalOr', 'LogicalNot', 'Fill', 'Range', 'SparseToDense'];

const named = operatorCases.map((operatorCase) => ({ ...operatorCase, title: `${operatorCase.op} ${operatorCase.what ?? ''}`.trim() }));

/**
 * The operator alone, or behind one that leaves the channels in front without changing a number. The shapes of the results are
 * asked for, too: where the converter follows them, it answers with what it believes.
 */
function graphOf({ op, x, inputs = ['x'], attributes, outputs = 1 }: OperatorCase, turned: boolean): SmallGraph {
  const pool = { ksize: [1, 1, 1, 1], strides: [1, 1, 1, 1], padding: 'VALID', data_format: 'NHWC' };
  const before: SmallNode[] = turned ? [{ name: 'turned', op: 'MaxPool', inputs: ['x'], attributes: pool }] : [];
  const source = turned ? 'turned' : 'x';
  const operands = inputs.map((operand) => (operand === 'x' ? source : operand));
  const results = Array.from({ length: outputs }, (_, index) => (index === 0 ? 'y' : `y:${index}`));
  const shapes = results.map((result, index): SmallNode => ({ name: `shape${index}`, op: 'Shape', inputs: [result] }));
  return {
    input: x,
    nodes: [...before, { name: 'y', op, inputs: operands, attributes }, ...shapes],
    outputs: [...results, ...shapes.map(({ name }) => name)],
  };
}

async function expectAgreement(graph: SmallGraph): Promise<void> {
  const [expected, actual] = [await computeWithTensorflow(graph), await computeConverted(graph)];
  expect(actual.map(({ dims }) => dims)).toEqual(expected.map(({ dims }) => dims));
  actual.forEach((result, index) => expect(largestDifference(result, expected[index]!)).toBeLessThan(2e-5));
}

function largestDifference(a: Result, b: Result): number {
  return Math.max(0, ...a.values.map((value, index) => Math.abs(value - b.values[index]!) / Math.max(1, Math.abs(value))));
}

describe('operators', () => {
  it('are all shown here', () => {
    const covered = new Set([...operatorCases.map(({ op }) => op), ...shownBelow]);
    expect([...operatorTable.keys()].filter((op) => !covered.has(op))).toEqual([]);
  });

  it.each(named)('$title gives what TensorFlow.js computes', (operatorCase) => expectAgreement(graphOf(operatorCase, false)));

  const onPictures = named.filter(({ x }) => x.type === 'float32' && x.shape.length === 4);
  it.each(onPictures)('$title gives it, too, where the channels lie in front', (operatorCase) =>
    expectAgreement(graphOf(operatorCase, true)),
  );

  it.each(['LogicalAnd', 'LogicalOr'])('%s joins conditions', (op) =>
    expectAgreement({
      input: floats([4], [-2, -0.5, 0.5, 2]),
      nodes: [
        { name: 'low', op: 'Less', inputs: ['x', floats([], [1])] },
        { name: 'high', op: 'Greater', inputs: ['x', floats([], [-1])] },
        { name: 'y', op, inputs: ['low', 'high'] },
        { name: 'not', op: 'LogicalNot', inputs: ['y'] },
      ],
      outputs: ['y', 'not'],
    }),
  );

  it('tensors are made from sizes that the graph computes', () =>
    expectAgreement({
      input: floats([2, 3], [1, 2, 3, 4, 5, 6]),
      nodes: [
        { name: 'shape', op: 'Shape', inputs: ['x'] },
        {
          name: 'columns',
          op: 'StridedSlice',
          inputs: ['shape', integers(1), integers(2), integers(1)],
          attributes: { shrink_axis_mask: 1 },
        },
        { name: 'twice', op: 'Mul', inputs: ['columns', integer(2)] },
        { name: 'size', op: 'Pack', inputs: ['twice', 'columns'], attributes: { N: 2, axis: 0 } },
        { name: 'filled', op: 'Fill', inputs: ['size', floats([], [0.5])] },
        { name: 'counted', op: 'Range', inputs: [integer(0), 'twice', integer(1)] },
        { name: 'turned', op: 'Reshape', inputs: ['x', integers(-1, 2)] },
      ],
      outputs: ['filled', 'counted', 'turned'],
    }));

  it('amounts of padding are spelt out sparsely', () =>
    expectAgreement({
      input: floats([2, 2], [1, 2, 3, 4]),
      nodes: [
        {
          name: 'amounts',
          op: 'SparseToDense',
          inputs: [{ type: 'int32', shape: [2, 2], values: [0, 1, 1, 0] }, integers(2, 2), integers(2, 1), integer(0)],
        },
        { name: 'y', op: 'Pad', inputs: ['x', 'amounts'] },
      ],
      outputs: ['y'],
    }));
});
