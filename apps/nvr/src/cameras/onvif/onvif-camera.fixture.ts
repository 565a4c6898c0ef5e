import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findElement, parseXml, type XmlElement } from './parse-xml.js';

interface OnvifCameraOptions {
  username: string;
  password: string;
  /** Where its streams are, by the token of the profile, without credentials. The first one is named to be the largest. */
  streams: Readonly<Record<string, string>>;
  /** How wrong its clock is. */
  clockAheadMs?: number;
}

/** An order that came with the right password. */
interface OnvifOrder {
  name: string;
  profile: string;
  /** Pan, tilt and zoom of a movement. */
  speeds?: (number | undefined)[];
}

interface Answer {
  status: number;
  body: string;
}

const digestAgeMsMax = 30_000;

/**
 * A camera on loopback, as far as ONVIF goes: device, media and PTZ services over HTTP, each for its own questions, and an answer to
 * who looks for cameras (WS-Discovery). Passwords are checked as digests, each nonce once; the time is told to anybody.
 */
export class OnvifCamera {
  readonly orders: OnvifOrder[] = [];
  /** Who was looked for; each is answered. */
  readonly probes: string[] = [];
  private readonly nonces = new Set<string>();

  private constructor(
    private readonly options: OnvifCameraOptions,
    private readonly server: Server,
    private readonly discovery: Socket,
  ) {}

  static async start(options: OnvifCameraOptions): Promise<OnvifCamera> {
    const server = createServer();
    const discovery = createSocket('udp4');
    await Promise.all([
      new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
      new Promise<void>((resolve) => discovery.bind(0, '127.0.0.1', resolve)),
    ]);
    const camera = new OnvifCamera(options, server, discovery);
    camera.begin();
    return camera;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/onvif/device_service`;
  }

  /** Where it hears who looks for cameras. */
  get discoveryAddress(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.discovery.address().port };
  }

  async close(): Promise<void> {
    this.discovery.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private begin(): void {
    this.server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { body, status } = this.answer(request.url ?? '', parseXml(Buffer.concat(chunks).toString('utf8')));
        response.writeHead(status, { 'Content-Type': 'application/soap+xml; charset=utf-8' }).end(body);
      });
    });
    this.discovery.on('message', (message, sender) => {
      const probe = parseXml(message.toString('utf8'));
      const types = findElement(probe, 'Probe', 'Types')?.text ?? '';
      if (!types.endsWith('NetworkVideoTransmitter')) return;
      this.probes.push(types);
      this.discovery.send(this.match(findElement(probe, 'MessageID')?.text ?? ''), sender.port, sender.address);
    });
  }

  private answer(path: string, message: XmlElement): Answer {
    const [order] = findElement(message, 'Body')?.children ?? [];
    if (!order) return fault('ter:InvalidArgVal');
    if (path === '/onvif/device_service' && order.name === 'GetSystemDateAndTime') return envelope(this.dateAndTime());
    if (!this.knows(message)) return fault('ter:NotAuthorized');
    const profile = findElement(order, 'ProfileToken')?.text ?? '';
    this.orders.push({ name: order.name, profile, ...(order.name === 'ContinuousMove' && { speeds: speedsOf(order) }) });
    switch (`${path} ${order.name}`) {
      case '/onvif/device_service GetCapabilities':
        return envelope(
          `<t:GetCapabilitiesResponse><t:Capabilities><Media><XAddr>${this.at('media')}</XAddr></Media>` +
            `<PTZ><XAddr>${this.at('ptz')}</XAddr></PTZ></t:Capabilities></t:GetCapabilitiesResponse>`,
        );
      case '/onvif/device_service GetDeviceInformation':
        return envelope('<t:Manufacturer>Acme</t:Manufacturer><t:Model>Dome 4</t:Model>');
      case '/onvif/media GetProfiles':
        return envelope(Object.keys(this.options.streams).map(profileXml).join(''));
      case '/onvif/media GetStreamUri':
        return this.streamUri(profile);
      case '/onvif/ptz ContinuousMove':
      case '/onvif/ptz Stop':
        return envelope('');
      default:
        return fault('ter:ActionNotSupported');
    }
  }

  /** WS-Security UsernameToken: a digest over a nonce that is new and a time that is now, by this camera's clock. */
  private knows(message: XmlElement): boolean {
    const token = findElement(message, 'UsernameToken');
    const value = (name: string) => (token && findElement(token, name)?.text) ?? '';
    const [nonce, created] = [value('Nonce'), value('Created')];
    const { password, username } = this.options;
    const digest = createHash('sha1').update(Buffer.from(nonce, 'base64')).update(created).update(password).digest('base64');
    const isFresh = !this.nonces.has(nonce) && Math.abs(Date.parse(created) - this.nowMs()) < digestAgeMsMax;
    this.nonces.add(nonce);
    return isFresh && value('Username') === username && value('Password') === digest;
  }

  private nowMs(): number {
    return Date.now() + (this.options.clockAheadMs ?? 0);
  }

  private at(service: string): string {
    return `http://127.0.0.1:${this.port}/onvif/${service}`;
  }

  private streamUri(profile: string): Answer {
    const url = this.options.streams[profile];
    if (url === undefined) return fault('ter:NoProfile');
    const escaped = url.replaceAll('&', '&amp;');
    return envelope(`<t:GetStreamUriResponse><t:MediaUri><Uri>${escaped}</Uri></t:MediaUri></t:GetStreamUriResponse>`);
  }

  private dateAndTime(): string {
    const now = new Date(this.nowMs());
    return (
      `<UTCDateTime><Time><Hour>${now.getUTCHours()}</Hour><Minute>${now.getUTCMinutes()}</Minute><Second>${now.getUTCSeconds()}</Second></Time>` +
      `<Date><Year>${now.getUTCFullYear()}</Year><Month>${now.getUTCMonth() + 1}</Month><Day>${now.getUTCDate()}</Day></Date></UTCDateTime>`
    );
  }

  private match(relatesTo: string): string {
    return (
      '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">' +
      `<s:Header><a:RelatesTo>${relatesTo}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>` +
      '<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Back%20yard onvif://www.onvif.org/hardware/Dome-4</d:Scopes>' +
      `<d:XAddrs>http://169.254.10.10/onvif/device_service ${this.url}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`
    );
  }
}

function envelope(body: string): Answer {
  return {
    status: 200,
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="urn:t"><s:Body>${body}</s:Body></s:Envelope>`,
  };
}

function fault(code: string): Answer {
  const body = `<s:Envelope xmlns:s="urn:s"><s:Body><s:Fault><s:Code><s:Subcode><s:Value>${code}</s:Value></s:Subcode></s:Code></s:Fault></s:Body></s:Envelope>`;
  return { status: 400, body };
}

/** The later a profile is named, the smaller its picture. */
function profileXml(token: string, position: number): string {
  const [width, height] = [640 >> position, 360 >> position];
  return (
    `<Profiles token="${token}"><Name>${token} stream</Name><VideoEncoderConfiguration><Encoding>H264</Encoding>` +
    `<Resolution><Width>${width}</Width><Height>${height}</Height></Resolution></VideoEncoderConfiguration></Profiles>`
  );
}

function speedsOf(order: XmlElement): (number | undefined)[] {
  const speed = (name: string, axis: string) => {
    const text = findElement(order, 'Velocity', name)?.attributes.get(axis);
    return text === undefined ? undefined : Number(text);
  };
  return [speed('PanTilt', 'x'), speed('PanTilt', 'y'), speed('Zoom', 'x')];
}
