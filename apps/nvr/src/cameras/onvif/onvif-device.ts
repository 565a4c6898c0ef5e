import { randomBytes } from 'node:crypto';
import type { CheckedFetch } from '@nightjar/outbound';
import { AppError, hasTimedOut, type Clock } from '@nightjar/runtime';
import { findElement, findElements, parseXml, type XmlElement } from './parse-xml.js';
import { escapeXml, soapMessage, type OnvifCredentials } from './soap-messages.js';

const answerBytesMax = 256 * 1024;
const answerMsMax = 8_000;
/** Profiles that are looked at; each costs a question. */
const profilesMax = 8;
const device = 'http://www.onvif.org/ver10/device/wsdl';
const media = 'http://www.onvif.org/ver10/media/wsdl';
const ptz = 'http://www.onvif.org/ver20/ptz/wsdl';
const schema = 'http://www.onvif.org/ver10/schema';

/** One way in which a camera can send its picture. */
export interface OnvifProfile {
  token: string;
  name: string;
  codec: string | null;
  width: number;
  height: number;
  /** As the camera gives it, with whatever host it believes to have. */
  streamUrl: string;
}

interface OnvifDeviceOptions {
  client: CheckedFetch;
  /** Device service at an IP address that was checked. */
  url: URL;
  credentials: OnvifCredentials | undefined;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Talks ONVIF (SOAP) with one camera, at one host and port: what it says of other addresses of its services counts for their
 * path only. Redirects are answers, and no good ones.
 *
 * All methods throw AppError `unavailable` with the reason in words for a person, also when a deadline ended the signal, and else the
 * reason of the signal.
 */
export class OnvifDevice {
  private clockAheadMs: number | undefined;

  constructor(private readonly options: OnvifDeviceOptions) {}

  async readInformation(): Promise<{ manufacturer: string | null; model: string | null }> {
    const answer = await this.ask(this.options.url, `<GetDeviceInformation xmlns="${device}"/>`);
    const text = (name: string) => shortText(findElement(answer, name)?.text);
    return { manufacturer: text('Manufacturer'), model: text('Model') };
  }

  /** Where its media and PTZ services are; undefined: it has none. */
  async readServices(): Promise<{ media: URL | undefined; ptz: URL | undefined }> {
    const answer = await this.ask(this.options.url, `<GetCapabilities xmlns="${device}"><Category>All</Category></GetCapabilities>`);
    const addressOf = (name: string) => this.pinned(findElement(answer, 'Capabilities', name, 'XAddr')?.text);
    return { media: addressOf('Media'), ptz: addressOf('PTZ') };
  }

  /** Largest picture first. */
  async readProfiles(service: URL): Promise<OnvifProfile[]> {
    const answer = await this.ask(service, `<GetProfiles xmlns="${media}"/>`);
    const profiles: OnvifProfile[] = [];
    for (const element of findElements(answer, 'Profiles').slice(0, profilesMax)) {
      const token = element.attributes.get('token') ?? '';
      const encoder = findElement(element, 'VideoEncoderConfiguration');
      if (token === '' || token.length > 100 || !encoder) continue;
      const setup =
        `<StreamSetup><Stream xmlns="${schema}">RTP-Unicast</Stream>` +
        `<Transport xmlns="${schema}"><Protocol>RTSP</Protocol></Transport></StreamSetup>`;
      const address = await this.ask(
        service,
        `<GetStreamUri xmlns="${media}">${setup}<ProfileToken>${escapeXml(token)}</ProfileToken></GetStreamUri>`,
      );
      profiles.push({
        token,
        name: shortText(findElement(element, 'Name')?.text) ?? token,
        codec: shortText(findElement(encoder, 'Encoding')?.text),
        width: countOf(findElement(encoder, 'Resolution', 'Width')),
        height: countOf(findElement(encoder, 'Resolution', 'Height')),
        streamUrl: findElement(address, 'MediaUri', 'Uri')?.text ?? '',
      });
    }
    return profiles.sort((a, b) => b.width * b.height - a.width * a.height);
  }

  /** Moves until it is told to stop, or for as long as the camera does by itself. Speeds from -1 to 1. */
  async move(service: URL, profile: string, { x, y, z }: { x: number; y: number; z: number }): Promise<void> {
    const velocity = `<PanTilt xmlns="${schema}" x="${x}" y="${y}"/><Zoom xmlns="${schema}" x="${z}"/>`;
    await this.ask(
      service,
      `<ContinuousMove xmlns="${ptz}"><ProfileToken>${escapeXml(profile)}</ProfileToken><Velocity>${velocity}</Velocity></ContinuousMove>`,
    );
  }

  async stop(service: URL, profile: string): Promise<void> {
    const what = '<PanTilt>true</PanTilt><Zoom>true</Zoom>';
    await this.ask(service, `<Stop xmlns="${ptz}"><ProfileToken>${escapeXml(profile)}</ProfileToken>${what}</Stop>`);
  }

  private async ask(url: URL, body: string): Promise<XmlElement> {
    const { clock, credentials } = this.options;
    if (!credentials) return this.post(url, soapMessage(body));
    this.clockAheadMs ??= await this.readClockAheadMs();
    const createdUnixMs = clock.wallMs() + this.clockAheadMs;
    return this.post(url, soapMessage(body, { credentials, nonce: randomBytes(16), createdUnixMs }));
  }

  /** Cameras refuse a digest of another time than their own, and their clocks are often wrong. */
  private async readClockAheadMs(): Promise<number> {
    const { clock, url } = this.options;
    const answer = await this.post(url, soapMessage(`<GetSystemDateAndTime xmlns="${device}"/>`)).catch(() => undefined);
    const utc = findElement(answer, 'UTCDateTime');
    const part = (name: string) => countOf(findElement(utc, name));
    const unixMs = Date.UTC(part('Year'), part('Month') - 1, part('Day'), part('Hour'), part('Minute'), part('Second'));
    return utc && part('Year') > 1970 && Number.isFinite(unixMs) ? unixMs - clock.wallMs() : 0;
  }

  private async post(url: URL, message: string): Promise<XmlElement> {
    const { client, signal } = this.options;
    const answer = await client
      .post(url.href, {
        headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
        body: Buffer.from(message),
        keepBytes: answerBytesMax,
        timeoutMs: answerMsMax,
        signal,
      })
      .catch((cause: unknown) => {
        if (hasTimedOut(signal)) throw problem('the camera takes too long to answer all of this', cause);
        if (signal.aborted) throw cause;
        throw problem('the camera does not answer to ONVIF', cause);
      });
    if (answer.status === 401) throw refusal();
    if (answer.status >= 300 && answer.status < 400) throw problem('the camera sends us to another address, which is not followed');
    const element = parseXml(answer.body.toString('utf8'));
    const fault = findElement(element, 'Fault');
    if (fault && /NotAuthorized|FailedAuthentication/i.test(JSON.stringify(fault))) throw refusal();
    if (fault || answer.status !== 200) throw problem('the camera refuses this');
    return element;
  }

  /** A service of the same camera: another host or port is not believed. */
  private pinned(address: string | undefined): URL | undefined {
    if (address === undefined || !URL.canParse(address)) return undefined;
    const { pathname, search } = new URL(address);
    const url = new URL(this.options.url);
    url.pathname = pathname;
    url.search = search;
    return url;
  }
}

function countOf(element: XmlElement | undefined): number {
  return /^\d{1,5}$/.test(element?.text ?? '') ? Number(element?.text) : 0;
}

function shortText(text: string | undefined): string | null {
  const clean = (text ?? '').replace(/\p{Cc}/gu, '').slice(0, 100);
  return clean === '' ? null : clean;
}

function refusal(): AppError {
  return problem('the camera refuses the user name or the password');
}

function problem(message: string, cause?: unknown): AppError {
  return new AppError('unavailable', message, { cause, retryAfterMs: 5_000 });
}
