import type { CameraView, Overlay } from '@nightjar/contracts';
import { useCallback, useMemo, useState } from 'react';
import type { Api } from '../api.js';
import { EventList } from '../events/event-list.js';
import { Problem } from '../loading/problem.js';
import { idOf, linkTo } from '../navigation/route.js';
import { choosePlaying } from './choose-playing.js';
import { LiveCamera } from './live-camera.js';
import { readTileSize, TileSizeChoice, tileSizeFor, type TileSize } from './tile-size.js';
import type { Connection } from './use-live-stream.js';
import { useLiveWall } from './use-live-wall.js';
import './live.css';

const connectionText: Record<Connection, string> = {
  connecting: 'connecting …',
  live: 'live',
  interrupted: 'connection lost, trying again …',
  refused: 'live pictures only: your role sees no events',
};

interface LivePageProps {
  api: Api;
  /** `camera`: one of them, large. */
  parameters: URLSearchParams;
  mayAdd: boolean;
  /** False: the caller's role has no events. */
  seesEvents: boolean;
  seesRecordings: boolean;
}

/** Cameras with boxes on the left, what happens on the right. */
export function LivePage({ api, mayAdd, parameters, seesEvents, seesRecordings }: LivePageProps) {
  const { cameras, connection, events, overlays, problem, reload } = useLiveWall(api, { seesEvents });
  const [chosenSize, setChosenSize] = useState(readTileSize);
  const asked = idOf(parameters, 'camera');
  const alone = cameras?.find(({ id }) => id === asked);
  return (
    <main className="live-page">
      <h2 className="visually-hidden">Live</h2>
      <div className="live-head">
        <p role="status" className={`connection ${connection}`}>
          {connectionText[connection]}
        </p>
        {cameras && alone && <Neighbours cameras={cameras} of={alone} />}
        {cameras && !alone && cameras.length > 1 && (
          <TileSizeChoice size={chosenSize ?? tileSizeFor(cameras.length)} onSize={setChosenSize} />
        )}
      </div>
      <div>
        {asked !== undefined && cameras && !alone && (
          <p className="problem">The camera that was asked for is switched off, not there, or not yours to see.</p>
        )}
        {!cameras && !problem && <p className="empty">Loading …</p>}
        {cameras?.length === 0 && <NoCamera mayAdd={mayAdd} />}
        {cameras && cameras.length > 0 && (
          <Wall
            // Another wall sees other tiles.
            key={alone?.id}
            api={api}
            cameras={alone ? [alone] : cameras}
            isAlone={alone !== undefined}
            overlays={overlays}
            seesRecordings={seesRecordings}
            size={chosenSize ?? tileSizeFor(cameras.length)}
          />
        )}
      </div>
      {seesEvents ? (
        <EventList
          api={api}
          events={alone ? events?.filter(({ camera_id: cameraId }) => cameraId === alone.id) : events}
          cameras={cameras ?? []}
          problem={problem}
          onRetry={reload}
          seesRecordings={seesRecordings}
        />
      ) : (
        <Problem text={problem} onRetry={reload} />
      )}
    </main>
  );
}

interface WallProps {
  api: Api;
  cameras: readonly CameraView[];
  isAlone: boolean;
  overlays: Readonly<Record<number, Overlay>>;
  seesRecordings: boolean;
  size: TileSize;
}

/** Tiles; those in sight move. */
function Wall({ api, cameras, isAlone, overlays, seesRecordings, size }: WallProps) {
  const [seen, setSeen] = useState<ReadonlySet<number>>(new Set());
  const onSight = useCallback((cameraId: number, isSeen: boolean) => {
    setSeen((known) => {
      if (known.has(cameraId) === isSeen) return known;
      const changed = new Set(known);
      if (isSeen) changed.add(cameraId);
      else changed.delete(cameraId);
      return changed;
    });
  }, []);
  const playing = useMemo(
    () =>
      choosePlaying(
        cameras.map(({ id }) => id),
        seen,
      ),
    [cameras, seen],
  );
  return (
    <div className="wall" data-size={isAlone || cameras.length === 1 ? 'alone' : size}>
      {cameras.map((camera) => (
        <LiveCamera
          key={camera.id}
          api={api}
          camera={camera}
          overlay={overlays[camera.id]}
          isAlone={isAlone || cameras.length === 1}
          isSeen={seen.has(camera.id)}
          mayPlay={playing.has(camera.id)}
          seesRecordings={seesRecordings}
          onSight={onSight}
        />
      ))}
    </div>
  );
}

/** From one camera to those beside it, and back to all. */
function Neighbours({ cameras, of }: { cameras: readonly CameraView[]; of: CameraView }) {
  const place = cameras.findIndex(({ id }) => id === of.id);
  const beside = (step: number) => cameras[(place + step + cameras.length) % cameras.length] ?? of;
  if (cameras.length < 2) return null;
  return (
    <nav className="tools" aria-label="Cameras">
      <a className="button" href={linkTo('live')}>
        All cameras
      </a>
      <a className="button" href={linkTo('live', { camera: beside(-1).id })} aria-label={`Previous: ${beside(-1).name}`}>
        ◀
      </a>
      <a className="button" href={linkTo('live', { camera: beside(1).id })} aria-label={`Next: ${beside(1).name}`}>
        ▶
      </a>
    </nav>
  );
}

function NoCamera({ mayAdd }: { mayAdd: boolean }) {
  if (!mayAdd) return <p className="empty">No camera is granted to you yet. An administrator grants them under Settings, Users.</p>;
  return (
    <div className="panel stack">
      <p>No camera yet. Its address is all that is needed; recording and analysis begin within seconds.</p>
      <a className="button main-action" href={linkTo('cameras', { add: 1 })}>
        Add a camera
      </a>
    </div>
  );
}
