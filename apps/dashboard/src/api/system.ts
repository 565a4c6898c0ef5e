import { z } from 'zod';
import type { Api } from '../api.js';
import { Adapter, Resources, Sample, Storage } from '../system/system-report.js';

const History = z.object({ points: z.array(Sample) });
const Adapters = z.object({ adapters: z.array(Adapter) });

/** What recordings take, how long there is room, and what is wrong with the recorder. */
export function readStorage(api: Api, signal: AbortSignal): Promise<Storage> {
  return api.getJson('/api/v1/recordings/storage', Storage, signal);
}

export function readResources(api: Api, signal: AbortSignal): Promise<Resources> {
  return api.getJson('/api/v1/system/resources', Resources, signal);
}

/** What the machine was busy with in the last hour, oldest first. */
export async function listSamples(api: Api, signal: AbortSignal): Promise<Sample[]> {
  return (await api.getJson('/api/v1/system/resources/history?minutes=60', History, signal)).points;
}

/** What answers questions about pictures, and how it is. */
export async function listAdapters(api: Api, signal: AbortSignal): Promise<Adapter[]> {
  return (await api.getJson('/api/v1/adapters', Adapters, signal)).adapters;
}
