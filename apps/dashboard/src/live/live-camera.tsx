import type { CameraView, Overlay } from '@nightjar/contracts';
import { useEffect, useState } from 'react';
import { readSnapshot } from '../api/cameras.js';
import { ApiError, type Api } from '../api.js';
import { useLiveVideo } from './use-live-video.js';

const pictureEveryMs = 500;
/** Boxes older than this belong to a picture that is no longer shown. */
const overlayMsMax = 3_000;

/** A camera's live video, or where there is none its newest picture, with the boxes of the people on it. */
export function LiveCamera({ api, camera, overlay }: { api: Api; camera: CameraView; overlay: Overlay | undefined }) {
  const { isPlaying, isUnsupported, video } = useLiveVideo(api, camera.id);
  const [isMuted, setIsMuted] = useState(true);
  const { pictureUrl, problem } = useNewestPicture(api, camera.id, { isWanted: !isPlaying });
  const tracks = useFresh(overlay)?.tracks ?? [];
  return (
    <section className="live-camera" aria-label={`Live picture of ${camera.name}`}>
      <header>
        <h2>{camera.name}</h2>
        <p aria-live="polite">
          {tracks.length === 0 ? 'nobody in the picture' : `${tracks.length} ${tracks.length === 1 ? 'person' : 'people'} in the picture`}
        </p>
        {camera.audio_enabled && isPlaying && (
          <button type="button" aria-pressed={!isMuted} onClick={() => setIsMuted(!isMuted)}>
            {isMuted ? 'Sound on' : 'Sound off'}
          </button>
        )}
      </header>
      <div className="picture">
        <video
          ref={video}
          {...(isPlaying && { 'data-testid': 'live-picture' })}
          hidden={!isPlaying}
          muted={isMuted}
          playsInline
          aria-label={`${camera.name}, live`}
        />
        {!isPlaying &&
          (pictureUrl ? (
            <img data-testid="live-picture" src={pictureUrl} alt={`${camera.name}, newest picture`} />
          ) : (
            <p className="empty">{problem ?? 'Waiting for the first picture …'}</p>
          ))}
        {(isPlaying || pictureUrl) &&
          tracks.map(({ track_id: id, label, score, bbox }) => (
            <div
              key={id}
              className="box"
              data-testid="overlay-box"
              style={{ left: `${bbox.x * 100}%`, top: `${bbox.y * 100}%`, width: `${bbox.w * 100}%`, height: `${bbox.h * 100}%` }}
            >
              <span>{`${label} ${Math.round(score * 100)} %`}</span>
            </div>
          ))}
      </div>
      {!isPlaying && pictureUrl && problem && <p className="problem">{problem}</p>}
      {isUnsupported && <p className="empty">This browser does not know the codec of the camera: pictures are shown instead of video.</p>}
    </section>
  );
}

/** Asks for the newest picture twice a second while it is wanted, never more than one request at a time, and not while the page is hidden. */
function useNewestPicture(
  api: Api,
  cameraId: number,
  { isWanted }: { isWanted: boolean },
): { pictureUrl: string | undefined; problem: string | undefined } {
  const [pictureUrl, setPictureUrl] = useState<string>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (!isWanted) return;
    const stop = new AbortController();
    let shown: string | undefined;
    let timer: ReturnType<typeof setTimeout>;
    const next = async () => {
      try {
        if (!document.hidden) {
          const url = URL.createObjectURL(await readSnapshot(api, cameraId, stop.signal));
          const previous = shown;
          shown = url;
          setPictureUrl(url);
          setProblem(undefined);
          // The browser still shows the previous one while it decodes this one.
          if (previous) setTimeout(() => URL.revokeObjectURL(previous), 1_000);
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        setProblem(error instanceof ApiError && error.status === 503 ? noPictureText(error.message) : (error as Error).message);
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void next(), pictureEveryMs);
    };
    void next();
    return () => {
      stop.abort();
      clearTimeout(timer);
      if (shown) URL.revokeObjectURL(shown);
      setPictureUrl(undefined);
    };
  }, [api, cameraId, isWanted]);
  return { pictureUrl, problem };
}

/** The overlay as long as it is young; undefined afterwards. */
function useFresh(overlay: Overlay | undefined): Overlay | undefined {
  const [stale, setStale] = useState<Overlay>();
  useEffect(() => {
    if (!overlay) return;
    const timer = setTimeout(() => setStale(overlay), overlayMsMax);
    return () => clearTimeout(timer);
  }, [overlay]);
  return overlay === stale ? undefined : overlay;
}

/** The server puts the reason, if it knows one, behind a colon. */
function noPictureText(message: string): string {
  const [, reason] = /: (.+)$/.exec(message) ?? [];
  return `The camera gives no picture at the moment${reason === undefined ? '' : `: ${reason}`}.`;
}
