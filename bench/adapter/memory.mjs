// Resident memory of an engine process: alone, with the default detector, after work, and with every model that there is.
import { multipartBody, smallJpegs } from './bench-pictures.mjs';
import { rssMiB, sleep, startAdapter, startPeer } from './processes.mjs';

const post = async (url, path, body = {}) => {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, json: await answer.json().catch(() => undefined) };
};

export async function measureMemory(bench, { seconds }) {
  const show = (name, adapter) =>
    `${name}: engine process ${rssMiB(adapter.engines[0]).toFixed(0)} MiB, answering process ${rssMiB(adapter.pid).toFixed(0)} MiB`;
  const idle = await startAdapter(bench, { engineProcesses: 1, settings: { NIGHTJAR_ADAPTER_PRELOAD: 'identity' } });
  const usual = await startAdapter(bench, { engineProcesses: 1 });
  const lines = [show('without a model', idle), show('with nanodet', usual)];
  const load = startPeer(bench, 'load-generator.mjs');
  const requests = (await smallJpegs()).map((picture) => ({ path: '/infer', ...multipartBody({ task: 'object_detection' }, picture) }));
  await load.ask({ type: 'http', url: usual.url, requests, seconds: 2 * seconds, concurrency: 2 });
  lines.push(show(`with nanodet, after ${2 * seconds} s of work`, usual));
  const { json: models } = await post(usual.url, '/v2/repository/index');
  const failed = [];
  for (const name of new Set(models.map((model) => model.name))) {
    const { status, json } = await post(usual.url, `/v2/repository/models/${name}/load`);
    if (status !== 200) failed.push(`${name} (${json?.error ?? status})`);
  }
  await sleep(1_000);
  lines.push(show('with all models of the repository', usual));
  if (failed.length > 0) lines.push(`not loaded, since these are tasks or cannot be: ${failed.length}`);
  const metrics = await (await fetch(`${usual.url}/contract/metrics`)).text();
  const perModel = [...metrics.matchAll(/^adapter_model_memory_bytes\{[^}]*model="([^"]+)"[^}]*\} (\S+)$/gm)];
  lines.push(perModel.map(([, model, bytes]) => `${model} ${(Number(bytes) / 1024 ** 2).toFixed(0)}`).join(', ') + ' MiB when loaded');
  return { lines };
}
