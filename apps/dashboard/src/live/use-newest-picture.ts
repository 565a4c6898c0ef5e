import { useEffect, useState } from 'react';
import { readSnapshot } from '../api/cameras.js';
import { ApiError } from '../api/answer.js';
import type { Api } from '../api.js';

/** A camera that gives none is asked less and less. */
const pauseMsMax = 15_000;
/** The browser still shows the previous one while it decodes the next. */
const keptMs = 1_000;

interface NewestPicture {
  pictureUrl: string | undefined;
  problem: string | undefined;
}

/**
 * Asks for a camera's newest picture while it is wanted, never more than one request at a time, and not while the page is hidden.
 * @param options.everyMs pause between two pictures
 */
export function useNewestPicture(api: Api, cameraId: number, { everyMs, isWanted }: { everyMs: number; isWanted: boolean }): NewestPicture {
  const [pictureUrl, setPictureUrl] = useState<string>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (!isWanted) return;
    const stop = new AbortController();
    let shown: string | undefined;
    let timer: ReturnType<typeof setTimeout>;
    let pauseMs = everyMs;
    const next = async () => {
      try {
        if (!document.hidden) {
          const url = URL.createObjectURL(await readSnapshot(api, cameraId, stop.signal));
          const previous = shown;
          shown = url;
          setPictureUrl(url);
          setProblem(undefined);
          if (previous) setTimeout(() => URL.revokeObjectURL(previous), keptMs);
        }
        pauseMs = everyMs;
      } catch (error) {
        if (stop.signal.aborted) return;
        setProblem(error instanceof ApiError && error.status === 503 ? noPictureText(error.message) : (error as Error).message);
        pauseMs = Math.min(pauseMs * 2, pauseMsMax);
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void next(), pauseMs);
    };
    void next();
    return () => {
      stop.abort();
      clearTimeout(timer);
      if (shown) URL.revokeObjectURL(shown);
      setPictureUrl(undefined);
    };
  }, [api, cameraId, everyMs, isWanted]);
  return { pictureUrl, problem };
}

/** The server puts the reason, if it knows one, behind a colon. */
function noPictureText(message: string): string {
  const [, reason] = /: (.+)$/.exec(message) ?? [];
  return reason === undefined ? 'Waiting for a picture …' : `The camera gives no picture at the moment: ${reason}.`;
}
