import { createServer } from 'node:net';
import { AppError } from '@nightjar/runtime';

/**
 * A TCP port on loopback that nobody listens on at this moment. Another process can take it before the caller binds,
 * so callers that start a server on it retry with a new one.
 */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new AppError('unavailable', 'the operating system gave no free port'));
      });
    });
  });
}
