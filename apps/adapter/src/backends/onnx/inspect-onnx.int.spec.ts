import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tinyYolov8 } from '../../models/tiny-models.fixture.js';
import { OnnxGraph } from '../../models/tfjs-to-onnx/onnx-graph.js';
import { ProtobufWriter } from '../../models/tfjs-to-onnx/protobuf-writer.js';
import { inspectOnnx } from './inspect-onnx.js';

const message = (): ProtobufWriter => new ProtobufWriter();

/** A node as the format has it. */
function node(op: string, parts: { domain?: string; body?: ProtobufWriter } = {}): ProtobufWriter {
  const writer = message().text(4, op);
  if (parts.domain !== undefined) writer.text(7, parts.domain);
  if (parts.body) writer.message(5, message().text(1, 'body').message(6, parts.body));
  return writer;
}

function modelOf(...nodes: ProtobufWriter[]): Buffer {
  const graph = message();
  for (const item of nodes) graph.message(1, item);
  return message().integer(1, 8).message(7, graph).finish();
}

function tensorKeptIn(location: string): ProtobufWriter {
  return message().text(8, 'weights').integer(14, 1).message(13, message().text(1, 'location').text(2, location));
}

describe('looking into an ONNX file', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-inspect-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const inspect = async (bytes: Uint8Array) => {
    const file = path.join(folder, 'model.onnx');
    await writeFile(file, bytes);
    const handle = await open(file);
    try {
      return inspectOnnx({ fd: handle.fd, sizeBytes: bytes.length });
    } finally {
      await handle.close();
    }
  };

  it('finds the operators, also behind megabytes of weights and in the body of a loop', async () => {
    const graph = new OnnxGraph();
    graph.addInput('x', 'float32', ['n', 3]);
    const weights = graph.addInitializer({ elementType: 'float32', shape: [3, 500_000], data: new Float32Array(1_500_000) }, 'weights');
    const [product] = graph.addNode({ op: 'MatMul', inputs: ['x', weights] });
    graph.addOutput('y', product!, { elementType: 'float32', dimensions: ['n', 500_000] });
    expect([...(await inspect(graph.encode('g'))).operators]).toEqual([':MatMul', ':Identity']);

    const body = message().message(1, node('EPContext', { domain: 'com.microsoft' }));
    expect([...(await inspect(modelOf(node('Loop', { body })))).operators].sort()).toEqual([':Loop', 'com.microsoft:EPContext']);
  });

  it('finds the files that weights are in, of initialisers and of constants in an attribute', async () => {
    const constant = message()
      .text(4, 'Constant')
      .message(5, message().text(1, 'value').message(5, tensorKeptIn('../../etc/passwd')));
    const graph = message().message(1, constant).message(5, tensorKeptIn('weights.bin'));
    const { externalFiles } = await inspect(message().message(7, graph).finish());
    expect([...externalFiles].sort()).toEqual(['../../etc/passwd', 'weights.bin']);
  });

  it('refuses what is cut off, what is no model, and what is nested without end', async () => {
    const whole = modelOf(node('Relu'), node('Add'));
    for (let length = 0; length < whole.length; length++) {
      const inspected = inspect(whole.subarray(0, length));
      await expect(inspected).rejects.toMatchObject({ name: 'ProtobufError' });
    }
    await expect(inspect(Buffer.from('<html>404</html>'))).rejects.toMatchObject({ name: 'ProtobufError' });
    await expect(inspect(Buffer.alloc(1000, 0xff))).rejects.toMatchObject({ name: 'ProtobufError' });
    let body = message().message(1, node('Relu'));
    for (let depth = 0; depth < 100; depth++) body = message().message(1, node('If', { body }));
    await expect(inspect(message().message(7, body).finish())).rejects.toThrow('nested too deeply');
  });

  it('takes damaged bytes for what they are, wherever the damage is', async () => {
    const whole = tinyYolov8({ sidePixels: 64, classes: 2 });
    let refused = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const bytes = Buffer.from(whole);
      // Half of the damage where names and lengths stand, half anywhere.
      const reach = seed % 2 === 0 ? bytes.length : 1500;
      for (let hit = 0; hit < 1 + (seed % 4); hit++) bytes[(seed * 7919 + hit * 104_729) % reach] = (seed * 31 + hit * 17) % 256;
      await inspect(bytes).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'ProtobufError' });
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(20);
  });
});
