import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState } from 'react';
import { readStream, replaceAnalytics, switchStream, type Stream } from '../api/streams.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import {
  analyticOf,
  drawnKinds,
  pointsMax,
  pointsMin,
  shapeOf,
  thresholds,
  type Analytic,
  type Drawing,
  type DrawnKind,
} from './drawn-analytic.js';
import { DrawingBoard } from './drawing-board.js';
import { DrawingInputs } from './drawing-inputs.js';

const analyticsMax = 16;
const statusTexts: Record<string, string> = {
  pending: 'waits for an agent',
  in_progress: 'is analysed',
  stop: 'is stopped',
  failure: 'failed',
  done: 'has ended',
  restart: 'begins again',
};
const emptyDrawing: Drawing = {
  kind: 'intrusion',
  name: '',
  points: [],
  labels: 'person',
  anchor: 'bottom',
  threshold: 0,
  direction: 'both',
};

/** What is looked for on a camera: drawn on its picture, listed, stopped. */
export function AnalyticsEditor({ api, camera, onClose }: { api: Api; camera: CameraView; onClose: () => void }) {
  const load = useCallback((signal: AbortSignal) => readStream(api, camera.uuid, signal), [api, camera.uuid]);
  const { problem, reload, value: stream } = useLoaded(load);
  return (
    <section className="panel stack" aria-label={`Analytics of ${camera.name}`}>
      <h2>{`Analytics of ${camera.name}`}</h2>
      <Problem text={problem} onRetry={reload} />
      {!stream && !problem && <p className="empty">Loading …</p>}
      {stream && <StreamState api={api} camera={camera} stream={stream} onChange={reload} />}
      {stream && <StreamAnalytics api={api} camera={camera} stream={stream} onChange={reload} />}
      <button type="button" onClick={onClose}>
        Back to the cameras
      </button>
    </section>
  );
}

interface StreamProps {
  api: Api;
  camera: CameraView;
  stream: Stream;
  onChange: () => void;
}

function StreamState({ api, camera, onChange, stream }: StreamProps) {
  const action = useAction();
  const isStopped = stream.status === 'stop';
  const change = () =>
    action.run(async () => {
      await switchStream(api, camera.uuid, isStopped ? 'resume' : 'stop');
      onChange();
    });
  return (
    <div className="tools">
      <p role="status">
        {`This camera ${statusTexts[stream.status] ?? stream.status}${stream.last_error ? `: ${stream.last_error}` : ''}.`}
      </p>
      <button type="button" disabled={action.isBusy} onClick={() => void change()}>
        {isStopped ? 'Begin again' : 'Stop the analysis'}
      </button>
      <button type="button" onClick={onChange}>
        Look again
      </button>
      <Problem text={action.problem} />
    </div>
  );
}

function StreamAnalytics({ api, camera, onChange, stream }: StreamProps) {
  const action = useAction();
  const [drawing, setDrawing] = useState(emptyDrawing);
  const change = (part: Partial<Drawing>) => setDrawing((known) => ({ ...known, ...part }));
  const chooseKind = (kind: DrawnKind) =>
    change({ kind, points: drawing.points.slice(0, pointsMax[kind]), threshold: thresholds[kind]?.usual ?? 0 });
  const save = (analytics: readonly Analytic[]) =>
    action.run(async () => {
      await replaceAnalytics(api, camera.uuid, stream, analytics);
      setDrawing({ ...emptyDrawing, kind: drawing.kind, threshold: drawing.threshold });
      onChange();
    });
  const missing = pointsMin[drawing.kind] - drawing.points.length;
  const isFull = stream.analytics.length >= analyticsMax;
  return (
    <>
      <AnalyticList
        analytics={stream.analytics}
        isBusy={action.isBusy}
        onRemove={(place) => void save(stream.analytics.filter((_analytic, position) => position !== place))}
      />
      <h3>Add one</h3>
      <DrawingBoard
        api={api}
        cameraId={camera.id}
        drawn={{ points: drawing.points, isLine: drawing.kind === 'line_crossing', name: drawing.name }}
        known={stream.analytics.flatMap((analytic) => shapeOf(analytic) ?? [])}
        onPoints={(points) => change({ points })}
        pointsMax={pointsMax[drawing.kind]}
      />
      <form
        className="stack"
        onSubmit={(form) => {
          form.preventDefault();
          void save([...stream.analytics, analyticOf(drawing)]);
        }}
      >
        <DrawingInputs drawing={drawing} onChange={change} onKind={chooseKind} />
        {missing > 0 && <p className="empty">{`Click on the picture: ${missing} more ${missing === 1 ? 'point' : 'points'} needed.`}</p>}
        {isFull && <p className="problem">{`A camera has at most ${analyticsMax} analytics: remove one first.`}</p>}
        <button type="submit" className="main-action" disabled={action.isBusy || missing > 0 || isFull}>
          Save this analytic
        </button>
      </form>
      <Problem text={action.problem} />
    </>
  );
}

function AnalyticList({
  analytics,
  isBusy,
  onRemove,
}: {
  analytics: readonly Analytic[];
  isBusy: boolean;
  onRemove: (place: number) => void;
}) {
  if (analytics.length === 0) return <p className="empty">None yet: people are counted, and who comes and goes is an event.</p>;
  return (
    <ul className="rows">
      {analytics.map((analytic, place) => (
        <li key={place} data-testid="analytic-row">
          <span>
            <strong>{analytic.analytic_name}</strong> {shapeOf(analytic)?.name}{' '}
            <span className="empty">{drawnKinds[analytic.analytic_name as DrawnKind]}</span>
          </span>
          <button type="button" disabled={isBusy} onClick={() => onRemove(place)}>
            Remove
          </button>
        </li>
      ))}
    </ul>
  );
}
