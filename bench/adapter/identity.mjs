// P5: what the server itself costs: a task that does nothing, against a bare Fastify route that reads the same body.
import os from 'node:os';
import { jsonBody, multipartBody } from './bench-pictures.mjs';
import { describeRun, measurePairs, show, spreadOf } from './pairs.mjs';
import { cpuMsOf, startAdapter, startPeer } from './processes.mjs';
import { servedWindow } from './served-against-bare.mjs';
import { warmUp } from './warm-up.mjs';

const bodyBytes = 64 * 1024;

/** Open Inference Protocol: a JSON header that says how large it is, then the bytes as they are. */
function binaryTensor(bytes) {
  const header = Buffer.from(
    JSON.stringify({
      inputs: [{ name: 'INPUT0', datatype: 'UINT8', shape: [bytes.length], parameters: { binary_data_size: bytes.length } }],
      parameters: { binary_data_output: true },
    }),
  );
  return {
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(header.length) },
    body: Buffer.concat([header, bytes]),
  };
}

export async function measureP5(bench, { pairs, seconds }) {
  const bytes = Buffer.alloc(bodyBytes, 'nightjar');
  const adapter = await startAdapter(bench, { engineProcesses: 1 });
  const quiet = await startAdapter(bench, { engineProcesses: 1, settings: { NIGHTJAR_LOG_LEVEL: 'warn' } });
  const bare = startPeer(bench, 'bare-routes.mjs');
  const { url } = await bare.ask({});
  const load = startPeer(bench, 'load-generator.mjs', { core: os.cpus().length - 1 });
  for (const server of [adapter, quiet]) await warmUp({ adapter: server, load });
  const multipart = multipartBody({ task: 'identity' }, bytes);
  const viaEngine = multipartBody({ task: 'identity', via: 'engine' }, bytes);
  const base64 = bytes.toString('base64');
  const json = jsonBody({ task: 'identity', input: { frame: { base64 } } });
  const cases = [
    ['multipart', { path: '/multipart', ...multipart }, { path: '/infer', ...multipart }],
    [
      'multipart, without access log (NIGHTJAR_LOG_LEVEL=warn)',
      { path: '/multipart', ...multipart },
      { path: '/infer', ...multipart },
      quiet,
    ],
    ['JSON with base64', { path: '/json', ...json }, { path: '/infer', ...json }],
    [
      'octets (a binary tensor)',
      { path: '/octets', ...binaryTensor(bytes) },
      { path: '/v2/models/identity/infer', ...binaryTensor(bytes) },
    ],
    ['multipart, by way of an engine process', { path: '/multipart', ...multipart }, { path: '/infer', ...viaEngine }],
  ];
  const lines = [
    'requests a second, identity / bare Fastify route that reads the same body, hashes it and answers with size and hash (octets: gives it back)   [floor 0.6, goal 0.8]',
  ];
  let value;
  for (const [name, bareRequest, request, server = adapter] of cases) {
    const baseline = async () => {
      const before = cpuMsOf([bare.pid]);
      const answered = await load.ask({ type: 'http', url, requests: [bareRequest], seconds, concurrency: 4 });
      return { ...answered, cpuMsPerUnit: (cpuMsOf([bare.pid]) - before) / answered.units, perSecond: answered.units / answered.seconds };
    };
    const subject = servedWindow({ adapter: server, load, requests: [request], seconds, concurrency: 4 });
    const run = await measurePairs({ pairs, baseline, subject, steady: ({ cpuMsPerUnit }) => cpuMsPerUnit });
    const cpu = spreadOf(run, (a, b) => a.cpuMsPerUnit / b.cpuMsPerUnit);
    value ??= cpu;
    lines.push(
      `${name}: CPU-ms bare / ours ${show(cpu)}, requests a second ours / bare ${show(spreadOf(run, (a, b) => b.perSecond / a.perSecond))}`,
      `  bare ${show(
        spreadOf(run, (a) => a.cpuMsPerUnit),
        3,
      )} CPU-ms, p50 ${show(spreadOf(run, (a) => a.p50Ms))} ms, ${show(
        spreadOf(run, (a) => a.perSecond),
        0,
      )}/s; ours ${show(
        spreadOf(run, (_, b) => b.cpuMsPerUnit),
        3,
      )} CPU-ms, p50 ${show(spreadOf(run, (_, b) => b.p50Ms))} ms, ${show(
        spreadOf(run, (_, b) => b.perSecond),
        0,
      )}/s`,
      `  ${describeRun(run)}`,
    );
  }
  lines.push(`${bodyBytes >> 10} KiB, 4 requests at a time`);
  return { value, lines };
}
