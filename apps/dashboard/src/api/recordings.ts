import { z } from 'zod';
import type { Api } from '../api.js';
import type { Range } from '../timeline/time-view.js';

const Calendar = z.object({ days: z.array(z.object({ date: z.string(), total_duration: z.number() })) });
const Timeline = z.object({ segments: z.array(z.object({ start: z.string(), duration: z.number() })) });
const Ticket = z.object({ ticket: z.string() });
const DownloadTicket = z.object({ download_url: z.string() });
const Thumbnails = z.object({
  tile_width: z.number(),
  tile_height: z.number(),
  sprite_url: z.string(),
  thumbnails: z.array(z.object({ time: z.string(), x: z.number(), y: z.number() })),
});
export type Thumbnails = z.infer<typeof Thumbnails>;
const Export = z.object({
  id: z.string(),
  state: z.enum(['queued', 'running', 'ready', 'failed', 'cancelled']),
  progress: z.number(),
  error: z.string().nullable(),
  camera_id: z.number(),
  start: z.string(),
  end: z.string(),
  bytes_total: z.number().nullable(),
  expires_at: z.string().nullable(),
});
export type Export = z.infer<typeof Export>;
const Exports = z.object({ exports: z.array(Export) });
const Protection = z.object({
  id: z.number(),
  camera_id: z.number(),
  start_unix: z.number(),
  end_unix: z.number(),
  note: z.string().nullable(),
});
export type Protection = z.infer<typeof Protection>;
const Protections = z.object({ protections: z.array(Protection), total: z.number() });

/** A clip that a video element can open, and which moment its second 0 is. */
export interface Clip extends Range {
  url: string;
}

/** Days (`YYYY-MM-DD`) of a month (`YYYY-MM`) with recordings. */
export async function listRecordedDays(
  api: Api,
  { cameraId, month, timeZone }: { cameraId: number; month: string; timeZone: string },
  signal: AbortSignal,
): Promise<string[]> {
  const query = new URLSearchParams({ camera_id: String(cameraId), month, tz: timeZone });
  const { days } = await api.getJson(`/api/v1/recordings/calendar?${query}`, Calendar, signal);
  return days.map(({ date }) => date);
}

/** Recordings of a range, in order; what lies between are gaps. */
export async function listRecordings(api: Api, cameraId: number, range: Range, signal: AbortSignal): Promise<Range[]> {
  const { segments } = await api.getJson(`/api/v1/recordings/segments/${cameraId}?${rangeQuery(range)}`, Timeline, signal);
  return segments.map(({ duration, start }) => ({ startUnix: Date.parse(start) / 1_000, endUnix: Date.parse(start) / 1_000 + duration }));
}

/** Opens a range, at most an hour, for a video element. @throws ApiError with 404 when nothing is recorded then */
export async function openClip(api: Api, cameraId: number, range: Range, signal: AbortSignal): Promise<Clip> {
  const query = `start_unix=${range.startUnix.toFixed(3)}&end_unix=${range.endUnix.toFixed(3)}`;
  const path = `/api/v1/recordings/${cameraId}/clip.mp4?${query}`;
  const headers = await api.fileHeaders(path, signal);
  const json = { camera_id: cameraId, start_unix: Number(range.startUnix.toFixed(3)), end_unix: Number(range.endUnix.toFixed(3)) };
  const { ticket } = await api.sendJson('/api/v1/recordings/ticket', Ticket, { method: 'POST', json, signal });
  return {
    url: `${path}&ticket=${encodeURIComponent(ticket)}`,
    startUnix: Number(headers.get('x-clip-start-unix') ?? range.startUnix),
    endUnix: Number(headers.get('x-clip-end-unix') ?? range.endUnix),
  };
}

/** Where the small pictures of a range stand in one JPEG. */
export function listThumbnails(api: Api, cameraId: number, range: Range, signal: AbortSignal): Promise<Thumbnails> {
  return api.getJson(`/api/v1/recordings/thumbnails?camera_id=${cameraId}&${rangeQuery(range)}&count=60`, Thumbnails, signal);
}

export function readSprite(api: Api, { sprite_url: url }: Thumbnails, signal: AbortSignal): Promise<Blob> {
  return api.getBlob(url, signal);
}

/** Has a range, at most four hours, made into a file. */
export function startExport(api: Api, cameraId: number, { endUnix, startUnix }: Range): Promise<Export> {
  const json = { camera_id: cameraId, start: startUnix, end: endUnix };
  return api.sendJson('/api/v1/exports', Export, { method: 'POST', json });
}

export function readExport(api: Api, id: string, signal: AbortSignal): Promise<Export> {
  return api.getJson(`/api/v1/exports/${id}`, Export, signal);
}

/** One's own, newest first. */
export async function listExports(api: Api, signal: AbortSignal): Promise<Export[]> {
  return (await api.getJson('/api/v1/exports?limit=20', Exports, signal)).exports;
}

export function deleteExport(api: Api, id: string): Promise<void> {
  return api.send(`/api/v1/exports/${id}`, { method: 'DELETE' });
}

export function cancelExport(api: Api, id: string): Promise<void> {
  return api.send(`/api/v1/exports/${id}/cancel`, { method: 'POST' });
}

/** An address that a browser downloads the file of an export from, for five minutes. */
export async function exportUrl(api: Api, id: string): Promise<string> {
  return (await api.sendJson(`/api/v1/exports/${id}/ticket`, DownloadTicket, { method: 'POST' })).download_url;
}

export async function listProtections(api: Api, cameraId: number, signal: AbortSignal): Promise<Protection[]> {
  return (await api.getJson(`/api/v1/recordings/protections?camera_id=${cameraId}&limit=100`, Protections, signal)).protections;
}

/** Keeps a range from being removed. */
export function protect(api: Api, cameraId: number, { endUnix, startUnix }: Range, note: string): Promise<Protection> {
  const json = { camera_id: cameraId, start_unix: startUnix, end_unix: endUnix, ...(note !== '' && { note }) };
  return api.sendJson('/api/v1/recordings/protections', Protection, { method: 'POST', json });
}

export function releaseProtection(api: Api, id: number): Promise<void> {
  return api.send(`/api/v1/recordings/protections/${id}`, { method: 'DELETE' });
}

function rangeQuery({ endUnix, startUnix }: Range): string {
  return `start=${startUnix}&end=${endUnix}`;
}
