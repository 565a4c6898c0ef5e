// A server that has run for a while: JavaScript that was called some hundred times is still interpreted, and costs twice as much.
import { multipartBody, smallJpegs } from './bench-pictures.mjs';

const seconds = 12;

/** Sends some ten thousand cheap requests down the same way as images go: body, engine process and back, answer. */
export async function warmUp({ adapter, load }) {
  const [picture] = await smallJpegs();
  const requests = [{ path: '/infer', ...multipartBody({ task: 'identity', via: 'engine' }, picture) }];
  await load.ask({ type: 'http', url: adapter.url, requests, seconds, concurrency: 4 });
}
