import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { openClip, type Clip } from '../api/recordings.js';
import { ApiError } from '../api/answer.js';
import type { Api } from '../api.js';
import { recordingFrom, type Range } from './time-view.js';

/** Of one clip; the next one follows by itself. */
const clipSecondsMax = 600;
/** Where the picture changes in between, a short clip may end before that. */
const shortClipSeconds = 20;
/** The address of a clip opens it for five minutes; who seeks later gets another one. */
const addressMsMax = 4.5 * 60_000;
const endSeconds = 0.3;

interface Playback {
  video: RefObject<HTMLVideoElement | null>;
  /** What is shown, in Unix seconds; undefined before anything was. */
  momentUnix: number | undefined;
  isOpening: boolean;
  /** All that is recorded so far was played; what comes goes on by itself. */
  isAtEnd: boolean;
  problem: string | undefined;
  /** Plays what is recorded then, or next after it. */
  play: (unix: number) => void;
}

interface Opened extends Clip {
  openedAtMs: number;
}

/** Plays recordings of a camera in the element, clip after clip. `onEnd`: all that is known was played. */
export function usePlayback(api: Api, cameraId: number | undefined, recordings: readonly Range[], onEnd: () => void): Playback {
  const video = useRef<HTMLVideoElement>(null);
  const clip = useRef<Opened>(undefined);
  const opening = useRef(new AbortController());
  const [momentUnix, setMomentUnix] = useState<number>();
  const [isOpening, setIsOpening] = useState(false);
  const [problem, setProblem] = useState<string>();
  /** Where to go on as soon as more is recorded. */
  const [waitsAt, setWaitsAt] = useState<number>();
  const latest = useRef({ recordings, onEnd });
  useEffect(() => {
    latest.current = { recordings, onEnd };
  });

  const playFrom = useCallback(
    (unix: number, recording: Range) => {
      const element = video.current;
      if (!element || cameraId === undefined) return;
      opening.current.abort();
      setWaitsAt(undefined);
      setIsOpening(false);
      const from = Math.max(recording.startUnix, Math.min(unix, recording.endUnix - endSeconds));
      setProblem(undefined);
      setMomentUnix(from);
      const known = clip.current;
      if (known && from >= known.startUnix && from < known.endUnix - endSeconds && Date.now() - known.openedAtMs < addressMsMax) {
        show(element, known, from);
        return;
      }
      const stop = new AbortController();
      opening.current = stop;
      setIsOpening(true);
      openAt(api, cameraId, { startUnix: from, endUnix: Math.min(recording.endUnix, from + clipSecondsMax) }, stop.signal)
        .then((found) => {
          if (stop.signal.aborted) return;
          clip.current = { ...found, openedAtMs: Date.now() };
          element.src = found.url;
          show(element, found, from);
        })
        .catch((error: unknown) => !stop.signal.aborted && setProblem((error as Error).message))
        .finally(() => !stop.signal.aborted && setIsOpening(false));
    },
    [api, cameraId],
  );

  const play = useCallback(
    (unix: number) => {
      const recording = recordingFrom(latest.current.recordings, unix);
      if (recording) return playFrom(unix, recording);
      setProblem('Nothing is recorded at this moment or after it.');
      latest.current.onEnd();
    },
    [playFrom],
  );
  /** The same behind the end of a clip. What has less than a moment left was played. */
  const goOn = useCallback(
    (unix: number) => {
      const recording = recordingFrom(latest.current.recordings, unix + endSeconds);
      if (recording) return playFrom(unix, recording);
      setWaitsAt(unix);
      latest.current.onEnd();
    },
    [playFrom],
  );
  useEffect(() => {
    const next = waitsAt !== undefined && recordingFrom(recordings, waitsAt + endSeconds);
    if (next) playFrom(waitsAt, next);
  }, [playFrom, recordings, waitsAt]);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    const stop = new AbortController();
    const on = (name: keyof HTMLMediaElementEventMap, listen: () => void) =>
      element.addEventListener(name, listen, { signal: stop.signal });
    on('timeupdate', () => clip.current && !element.seeking && setMomentUnix(clip.current.startUnix + element.currentTime));
    on('ended', () => clip.current && goOn(clip.current.endUnix));
    on('error', () => {
      const broken = clip.current;
      if (!broken || !element.currentSrc) return;
      clip.current = undefined;
      // Its address has run out: the same moment has another one.
      if (Date.now() - broken.openedAtMs > addressMsMax) play(broken.startUnix + element.currentTime);
      else setProblem('This browser cannot play the video of this camera. Export the range and open it in another player.');
    });
    return () => {
      stop.abort();
      opening.current.abort();
      clip.current = undefined;
      element.removeAttribute('src');
      element.load();
      setMomentUnix(undefined);
      setProblem(undefined);
      setIsOpening(false);
      setWaitsAt(undefined);
    };
  }, [goOn, play]);
  return { video, momentUnix, isOpening, isAtEnd: waitsAt !== undefined, problem, play };
}

function show(element: HTMLVideoElement, clip: Clip, unix: number): void {
  element.currentTime = Math.max(0, unix - clip.startUnix);
  // Refused, or overtaken by the next clip: the player stands there with its controls.
  void element.play().catch(() => undefined);
}

async function openAt(api: Api, cameraId: number, range: Range, signal: AbortSignal): Promise<Clip> {
  try {
    return await openClip(api, cameraId, range, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    return openClip(api, cameraId, { ...range, endUnix: Math.min(range.endUnix, range.startUnix + shortClipSeconds) }, signal);
  }
}
