import type { CameraView, Overlay } from '@nightjar/contracts';
import { memo, useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { Api } from '../api.js';
import { linkTo } from '../navigation/route.js';
import { useInSight } from './use-in-sight.js';
import { useLiveVideo } from './use-live-video.js';
import { useNewestPicture } from './use-newest-picture.js';

/** Pause between two pictures of one that stands large, and of one among others. */
const pictureEveryMs = { alone: 500, tile: 2_000 };
/** Boxes older than this belong to a picture that is no longer shown. */
const overlayMsMax = 3_000;
/** Video that may come is waited for this long before pictures are asked for. */
const videoMsMax = 1_500;
const usualRatio = 16 / 9;

interface LiveCameraProps {
  api: Api;
  camera: CameraView;
  overlay: Overlay | undefined;
  /** Shown large, with its controls; else a tile that leads there. */
  isAlone: boolean;
  /** Its tile is in sight: something moving is wanted. */
  isSeen: boolean;
  /** As video, where the browser can; else as pictures. */
  mayPlay: boolean;
  seesRecordings: boolean;
  onSight: (cameraId: number, isSeen: boolean) => void;
}

/** A camera's live video, or where there is none its newest picture, with the boxes of the people on it. */
export const LiveCamera = memo(function LiveCamera(props: LiveCameraProps) {
  const { api, camera, isAlone, isSeen, mayPlay, onSight, overlay, seesRecordings } = props;
  const tile = useRef<HTMLElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  useInSight(
    tile,
    useCallback((seen: boolean) => onSight(camera.id, seen), [camera.id, onSight]),
  );
  const { isPlaying, isUnsupported, video } = useLiveVideo(api, camera.id, {
    isWanted: isSeen && mayPlay,
    // A tile has no use for all pixels of a camera, and many of them would keep this machine busy.
    stream: isAlone ? 'main' : 'sub',
  });
  const [isMuted, setIsMuted] = useState(true);
  const [ratio, setRatio] = useState(usualRatio);
  const everyMs = isAlone ? pictureEveryMs.alone : pictureEveryMs.tile;
  const waitsForVideo = useYoung(isSeen && mayPlay && !isUnsupported, videoMsMax);
  const { pictureUrl, problem } = useNewestPicture(api, camera.id, { everyMs, isWanted: isSeen && !isPlaying && !waitsForVideo });
  const tracks = useFresh(overlay)?.tracks ?? [];
  const isShown = isPlaying || pictureUrl !== undefined;
  const takeRatio = (width: number, height: number) => width > 0 && height > 0 && setRatio(width / height);
  return (
    <section ref={tile} className={isAlone ? 'live-camera alone' : 'live-camera'} aria-label={`Live picture of ${camera.name}`}>
      <header>
        <h3 title={camera.name}>{isAlone ? camera.name : <a href={linkTo('live', { camera: camera.id })}>{camera.name}</a>}</h3>
        {camera.analytics_enabled && isShown && (
          <p aria-live={isAlone ? 'polite' : 'off'} className={tracks.length > 0 ? 'somebody' : undefined}>
            {peopleText(tracks.length)}
          </p>
        )}
      </header>
      <div ref={picture} className="picture">
        <div className="picture-frame" style={{ '--ratio': ratio } as React.CSSProperties}>
          <video
            ref={video}
            {...(isPlaying && { 'data-testid': 'live-picture' })}
            hidden={!isPlaying}
            muted={isMuted}
            playsInline
            aria-label={`${camera.name}, live`}
            onResize={({ currentTarget: { videoHeight, videoWidth } }) => takeRatio(videoWidth, videoHeight)}
          />
          {!isPlaying && pictureUrl && (
            <img
              data-testid="live-picture"
              src={pictureUrl}
              alt={`${camera.name}, newest picture`}
              onLoad={({ currentTarget: { naturalHeight, naturalWidth } }) => takeRatio(naturalWidth, naturalHeight)}
            />
          )}
          {isShown && <Boxes tracks={tracks} />}
        </div>
        {!isShown && <p className="empty">{problem ?? waitingText(camera)}</p>}
      </div>
      {isAlone && (
        <LiveTools
          cameraId={camera.id}
          picture={picture}
          isMuted={isMuted}
          onMuted={camera.audio_enabled && isPlaying ? setIsMuted : undefined}
          seesRecordings={seesRecordings}
        />
      )}
      {!isPlaying && pictureUrl && problem && <p className="problem">{problem}</p>}
      {isAlone && isUnsupported && (
        <p className="empty">This browser does not know the codec of the camera: pictures are shown instead of video.</p>
      )}
    </section>
  );
});

interface LiveToolsProps {
  cameraId: number;
  picture: RefObject<HTMLDivElement | null>;
  isMuted: boolean;
  /** Undefined: there is nothing to hear. */
  onMuted: ((isMuted: boolean) => void) | undefined;
  seesRecordings: boolean;
}

/** What is done with a camera that stands large. */
function LiveTools({ cameraId, isMuted, onMuted, picture, seesRecordings }: LiveToolsProps) {
  // A browser that says no has left the page as it is, which is seen; a phone may have no full screen at all.
  const showLarge = () => void picture.current?.requestFullscreen().catch(() => undefined);
  return (
    <div className="tools">
      {onMuted && (
        <button type="button" aria-pressed={!isMuted} onClick={() => onMuted(!isMuted)}>
          {isMuted ? 'Sound on' : 'Sound off'}
        </button>
      )}
      {document.fullscreenEnabled && (
        <button type="button" onClick={showLarge}>
          Full screen
        </button>
      )}
      {seesRecordings && (
        <a className="button" href={linkTo('timeline', { camera: cameraId })}>
          Recordings
        </a>
      )}
    </div>
  );
}

function Boxes({ tracks }: { tracks: Overlay['tracks'] }) {
  return tracks.map(({ track_id: id, label, score, bbox }) => (
    <div
      key={id}
      className="box"
      data-testid="overlay-box"
      style={{ left: `${bbox.x * 100}%`, top: `${bbox.y * 100}%`, width: `${bbox.w * 100}%`, height: `${bbox.h * 100}%` }}
    >
      <span>{`${label} ${Math.round(score * 100)} %`}</span>
    </div>
  ));
}

function peopleText(count: number): string {
  if (count === 0) return 'nobody';
  return count === 1 ? '1 person' : `${count} people`;
}

function waitingText({ status, status_reason: reason }: CameraView): string {
  return status === 'offline' ? `Offline: ${reason ?? 'the reason is not known'}.` : 'Waiting for the first picture …';
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

/** Whether something is so, and has been for less than that. */
function useYoung(isSo: boolean, msMax: number): boolean {
  const [isOld, setIsOld] = useState(false);
  useEffect(() => {
    setIsOld(false);
    if (!isSo) return;
    const timer = setTimeout(() => setIsOld(true), msMax);
    return () => clearTimeout(timer);
  }, [isSo, msMax]);
  return isSo && !isOld;
}
