import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { selfSignedCertificate } from './self-signed-certificate.js';
import { requireFfmpeg } from './test-video.js';

const run = promisify(execFile);
const width = 320;
const height = 240;
const picturesPerSecond = 10;
const realm = 'camera';
const nonce = 'abc123';

interface TestPictureCameraOptions {
  readonly isTls?: boolean;
  /** Asked for by Digest (MD5), or by Basic. */
  readonly credentials?: { readonly username: string; readonly password: string; readonly scheme: 'basic' | 'digest' };
}

/**
 * A camera on loopback that speaks HTTP: `/stream` is `multipart/x-mixed-replace` with ten pictures of 320 × 240 a second, `/picture` one
 * JPEG, `/moved` leads elsewhere, `/page` is HTML, `/silent` begins a stream and sends nothing.
 */
export class TestPictureCamera {
  /** Requests that were let in, by path. */
  readonly seen: string[] = [];
  /** Answers of `/stream` that are open. */
  private readonly viewers = new Set<ServerResponse>();
  private count = 0;

  private constructor(
    private readonly server: Server,
    private readonly pictures: readonly Buffer[],
    private readonly options: TestPictureCameraOptions,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
    this.timer = setInterval(() => this.show(), 1_000 / picturesPerSecond);
  }

  private readonly timer: NodeJS.Timeout;

  static async start(options: TestPictureCameraOptions = {}): Promise<TestPictureCamera> {
    const server = options.isTls === true ? createTlsServer(selfSignedCertificate('camera')) : createServer();
    const pictures = await makePictures();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestPictureCamera(server, pictures, options);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** @param path as `/stream`. @returns its address, without credentials */
  url(path: string): string {
    return `${this.options.isTls === true ? 'https' : 'http'}://127.0.0.1:${this.port}${path}`;
  }

  get viewerCount(): number {
    return this.viewers.size;
  }

  /** Hangs up on everybody who watches. */
  hangUp(): void {
    for (const viewer of this.viewers) viewer.destroy();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    if (!this.isAllowed(request)) {
      const challenge =
        this.options.credentials?.scheme === 'basic' ? `Basic realm="${realm}"` : `Digest realm="${realm}", nonce="${nonce}", qop="auth"`;
      response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
      return;
    }
    const path = request.url ?? '';
    this.seen.push(path);
    if (path === '/stream' || path === '/silent') {
      response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=--mine' }).flushHeaders();
      if (path === '/silent') return;
      this.viewers.add(response);
      response.once('close', () => this.viewers.delete(response));
    } else if (path.startsWith('/picture')) response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end(this.picture);
    else if (path === '/moved') response.writeHead(302, { Location: '/stream' }).end();
    else if (path === '/page') response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>hello</p>');
    else response.writeHead(404).end();
  }

  private get picture(): Buffer {
    return this.pictures[this.count % this.pictures.length]!;
  }

  private show(): void {
    this.count++;
    const { picture } = this;
    for (const viewer of this.viewers) {
      viewer.write(`\r\n--mine\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      viewer.write(picture);
    }
  }

  private isAllowed({ headers: { authorization }, method = '', url = '' }: IncomingMessage): boolean {
    const { credentials } = this.options;
    if (!credentials) return true;
    const { password, scheme, username } = credentials;
    if (scheme === 'basic') return authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const given = (name: string) => new RegExp(`\\b${name}="?([^",]*)`).exec(authorization ?? '')?.[1] ?? '';
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const answer = [md5(`${username}:${realm}:${password}`), nonce, given('nc'), given('cnonce'), 'auth', md5(`${method}:${url}`)];
    return given('response') === md5(answer.join(':'));
  }
}

/** Two seconds of something that moves. */
async function makePictures(): Promise<Buffer[]> {
  const scene = `testsrc2=s=${width}x${height}:r=${picturesPerSecond}:d=2`;
  const { stdout } = await run(await requireFfmpeg(), ['-v', 'error', '-f', 'lavfi', '-i', scene, '-f', 'mpjpeg', 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  const begins = [...stdout.toString('latin1').matchAll(/Content-length: (\d+)\r\n\r\n/gi)];
  return begins.map((begin) => {
    const from = begin.index + begin[0].length;
    return stdout.subarray(from, from + Number(begin[1]));
  });
}
