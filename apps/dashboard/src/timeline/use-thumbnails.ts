import { useEffect, useState } from 'react';
import { listThumbnails, readSprite, type Thumbnails } from '../api/recordings.js';
import type { Api } from '../api.js';
import type { Range } from './time-view.js';

/** Who zooms asks for the pictures of where he stops. */
const settleMs = 350;
/** A picture stands for at least so much before and after it. */
const nearSeconds = 10;

/** One small picture: a part of a larger one. */
export interface Thumbnail {
  spriteUrl: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Sprite {
  url: string;
  plan: Thumbnails;
}

/** Small pictures of a range; undefined: none are wanted. @returns finds the one of a moment; undefined while there is none */
export function useThumbnails(api: Api, wanted: { cameraId: number; range: Range | undefined }): (unix: number) => Thumbnail | undefined {
  const { cameraId, range } = wanted;
  const { endUnix, startUnix } = range ?? {};
  const [sprite, setSprite] = useState<Sprite>();
  useEffect(() => {
    if (startUnix === undefined || endUnix === undefined) return;
    const stop = new AbortController();
    let url: string | undefined;
    const timer = setTimeout(() => {
      void (async () => {
        // A day of 25 hours is longer than is answered at once.
        const plan = await listThumbnails(api, cameraId, { startUnix, endUnix: Math.min(endUnix, startUnix + 86_400) }, stop.signal);
        url = URL.createObjectURL(await readSprite(api, plan, stop.signal));
        if (stop.signal.aborted) URL.revokeObjectURL(url);
        else setSprite({ url, plan });
        // Without them the bar still tells the moment.
      })().catch(() => undefined);
    }, settleMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
      if (url) URL.revokeObjectURL(url);
      setSprite(undefined);
    };
  }, [api, cameraId, endUnix, startUnix]);
  return (unix) => sprite && range && nearest(sprite, unix, Math.max(nearSeconds, (range.endUnix - range.startUnix) / 20));
}

function nearest({ plan, url }: Sprite, unix: number, secondsMax: number): Thumbnail | undefined {
  let found: Thumbnails['thumbnails'][number] | undefined;
  let distance = secondsMax;
  for (const candidate of plan.thumbnails) {
    const away = Math.abs(Date.parse(candidate.time) / 1_000 - unix);
    if (away > distance) continue;
    found = candidate;
    distance = away;
  }
  return found && { spriteUrl: url, x: found.x, y: found.y, width: plan.tile_width, height: plan.tile_height };
}
