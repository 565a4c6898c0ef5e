import type { BrokerReport, BrokerStart } from '../bus/broker-process.js';
import { EmbeddedBroker } from './embedded-broker.js';

/**
 * Entry of the broker's own process. It is told its token and port over IPC, reports where it listens, and ends with the
 * process that started it.
 */
function main(): void {
  process.once('message', (start) => void listen(start as BrokerStart));
  process.once('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => process.exit(0)); // nothing to save: memory is all it has
  process.on('SIGINT', () => undefined); // a terminal's Ctrl-C is for the launcher, which stops us last
  report({ kind: 'waiting' });
}

async function listen({ token, port }: BrokerStart): Promise<void> {
  try {
    report({ kind: 'listening', port: await new EmbeddedBroker({ token }).listen(port) });
  } catch (error) {
    report({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    process.disconnect();
  }
}

function report(message: BrokerReport): void {
  process.send?.(message);
}

main();
