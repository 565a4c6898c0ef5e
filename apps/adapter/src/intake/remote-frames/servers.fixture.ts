import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that sees what the client sends and answers as it likes. */
export interface ScriptedServer {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Bytes written to all sockets so far. */
  readonly bytesWritten: number;
  /** Resolves when no connection is open any more. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Listens on a free port.
 * @param serve called for each request with the text of its head, once the head is complete
 */
export async function startServer(
  serve: (socket: Socket, head: string) => void,
  { host = '127.0.0.1', port = 0 }: { host?: string | undefined; port?: number } = {},
): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const idleWaits: (() => void)[] = [];
  let connections = 0;
  let bytesWritten = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    let head = '';
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const complete = head.includes('\r\n\r\n');
      head += data.toString('latin1');
      if (!complete && head.includes('\r\n\r\n')) serve(socket, head);
    });
    socket.once('close', () => {
      bytesWritten += socket.bytesWritten;
      sockets.delete(socket);
      if (sockets.size === 0) for (const resolve of idleWaits.splice(0)) resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get bytesWritten() {
      return [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, bytesWritten);
    },
    idle: () => new Promise((resolve) => (sockets.size === 0 ? resolve() : idleWaits.push(resolve))),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
