import { useEffect, useRef, useState, type RefObject } from 'react';
import type { Api } from '../api.js';
import { LiveMessage } from './live-message.js';
import { canPlay, LivePlayer } from './live-player.js';

const reconnectMsMin = 1_000;
const reconnectMsMax = 15_000;

/** Whether there is live video in the element; if not, something else has to be shown. */
interface LiveVideo {
  video: RefObject<HTMLVideoElement | null>;
  isPlaying: boolean;
  /** This browser does not know the camera's codec. */
  isUnsupported: boolean;
}

/** Plays a camera's live video while it is wanted and the page is seen. A browser that can't play its codec leaves it at that. */
export function useLiveVideo(api: Api, cameraId: number, { isWanted, stream }: { isWanted: boolean; stream: 'main' | 'sub' }): LiveVideo {
  const video = useRef<HTMLVideoElement>(null);
  const [isPlaying, setIsPlaying] = useState(false);
  const [isUnsupported, setIsUnsupported] = useState(false);
  useEffect(() => {
    const element = video.current;
    if (!isWanted || !element || typeof MediaSource === 'undefined') return;
    const stop = new AbortController();
    element.addEventListener('playing', () => setIsPlaying(true), { signal: stop.signal });
    const onUnsupported = () => setIsUnsupported(true);
    const onEnd = () => !stop.signal.aborted && setIsPlaying(false);
    void playForEver({ api, cameraId, stream, video: element, stop: stop.signal, onEnd, onUnsupported });
    return () => {
      stop.abort();
      setIsPlaying(false);
    };
  }, [api, cameraId, isWanted, stream]);
  return { video, isPlaying, isUnsupported };
}

interface Play {
  api: Api;
  cameraId: number;
  stream: 'main' | 'sub';
  video: HTMLVideoElement;
  stop: AbortSignal;
  onEnd: () => void;
  onUnsupported: () => void;
}

async function playForEver(play: Play): Promise<void> {
  let pauseMs = reconnectMsMin;
  while (!play.stop.aborted) {
    await untilSeen(play.stop);
    if (play.stop.aborted) return;
    const startedMs = performance.now();
    // Pictures stand in for video that does not come, and say why none of them comes either.
    const end = await playOnce(play).catch(() => 'over' as const);
    play.onEnd();
    if (end === 'unsupported') return play.onUnsupported();
    pauseMs = performance.now() - startedMs > reconnectMsMax ? reconnectMsMin : Math.min(pauseMs * 2, reconnectMsMax);
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + Math.random() / 2)));
  }
}

/** One connection. @returns `unsupported` when this browser will never play the camera's video */
async function playOnce({ api, cameraId, onEnd, stop, stream, video }: Play): Promise<'over' | 'unsupported'> {
  const socket = await api.openLiveVideo(cameraId, stream);
  let player: LivePlayer | undefined;
  let end: 'over' | 'unsupported' = 'over';
  const close = () => socket.close();
  const closeUnseen = () => document.hidden && socket.close();
  const take = (message: LiveMessage) => {
    if (message.event === 'skipped') return;
    player?.close();
    player = undefined;
    onEnd();
    if (message.event === 'waiting') return;
    if (message.mime !== null && canPlay(message.mime)) player = new LivePlayer({ video, mime: message.mime, onBroken: close });
    else {
      end = 'unsupported';
      close();
    }
  };
  socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data !== 'string') return player?.push(data);
    const message = LiveMessage.safeParse(JSON.parse(data));
    if (message.success) take(message.data);
  });
  // At once: whoever plays next takes over the same element.
  const leave = () => {
    player?.close();
    player = undefined;
    close();
  };
  stop.addEventListener('abort', leave);
  document.addEventListener('visibilitychange', closeUnseen);
  if (stop.aborted) leave();
  await new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }));
  document.removeEventListener('visibilitychange', closeUnseen);
  stop.removeEventListener('abort', leave);
  player?.close();
  return end;
}

/** Nobody sees the page: nothing is played until somebody does. */
function untilSeen(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !stop.aborted) return;
      document.removeEventListener('visibilitychange', look);
      stop.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    stop.addEventListener('abort', look);
    look();
  });
}
