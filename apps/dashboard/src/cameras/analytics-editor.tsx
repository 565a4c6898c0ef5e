import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState } from 'react';
import { readStream, replaceAnalytics, switchStream, type Stream } from '../api/streams.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { aboutKind, pointsMax, pointsMissing, type DrawnKind } from './analytic-kinds.js';
import { AnalyticList } from './analytic-list.js';
import { analyticOf, drawingOf, emptyDrawing, problemsOfParameters, shapeOf, type Analytic, type Drawing } from './drawn-analytic.js';
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

/** What is looked for on a camera: drawn on its picture, listed, changed, stopped. */
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
  const { analytics } = stream;
  const [drawing, setDrawing] = useState(() => emptyDrawing('intrusion'));
  /** Which of the list is being changed; undefined: a new one is made. */
  const [changed, setChanged] = useState<number>();
  const change = (part: Partial<Drawing>) => setDrawing((known) => ({ ...known, ...part }));
  const begin = (next: Drawing, place?: number) => {
    setDrawing(next);
    setChanged(place);
  };
  const chooseKind = (kind: DrawnKind) =>
    setDrawing(({ name, points }) => ({ ...emptyDrawing(kind), name, points: points.slice(0, pointsMax(kind)) }));
  const save = (list: readonly Analytic[]) =>
    action.run(async () => {
      await replaceAnalytics(api, camera.uuid, stream, list);
      begin(emptyDrawing(drawing.kind));
      onChange();
    });
  const saveDrawing = () => {
    if (changed === undefined) return save([...analytics, analyticOf(drawing)]);
    return save(analytics.map((analytic, place) => (place === changed ? analyticOf(drawing, analytic) : analytic)));
  };
  const known = analytics.filter((_analytic, place) => place !== changed);
  return (
    <>
      <AnalyticList
        analytics={analytics}
        isBusy={action.isBusy}
        changed={changed}
        onChange={(place) => begin(drawingOf(analytics[place]!) ?? emptyDrawing('intrusion'), place)}
        onRemove={(place) => void save(analytics.filter((_analytic, position) => position !== place))}
      />
      <h3>{changed === undefined ? 'Add one' : `Change ${drawing.name || drawing.kind}`}</h3>
      {aboutKind(drawing.kind).shape !== 'none' && (
        <DrawingBoard
          api={api}
          cameraId={camera.id}
          drawn={{ points: drawing.points, isLine: aboutKind(drawing.kind).shape === 'line', name: drawing.name }}
          known={known.flatMap((analytic) => shapeOf(analytic) ?? [])}
          onPoints={(points) => change({ points })}
          pointsMax={pointsMax(drawing.kind)}
        />
      )}
      <AnalyticForm
        drawing={drawing}
        isNew={changed === undefined}
        isBusy={action.isBusy}
        isFull={changed === undefined && analytics.length >= analyticsMax}
        problem={action.problem}
        onChange={change}
        onKind={chooseKind}
        onSave={() => void saveDrawing()}
        onLeave={() => begin(emptyDrawing(drawing.kind))}
      />
      <Problem text={action.problem} />
    </>
  );
}

interface AnalyticFormProps {
  drawing: Drawing;
  isNew: boolean;
  isBusy: boolean;
  /** No further one has room. */
  isFull: boolean;
  problem: string | undefined;
  onChange: (part: Partial<Drawing>) => void;
  onKind: (kind: DrawnKind) => void;
  onSave: () => void;
  /** What was changed stays as it was. */
  onLeave: () => void;
}

/** What a drawing means, and whether enough of it is there to be saved. */
function AnalyticForm({ drawing, isBusy, isFull, isNew, onChange, onKind, onLeave, onSave, problem }: AnalyticFormProps) {
  const missing = pointsMissing(drawing.kind, drawing.points.length);
  return (
    <form
      className="stack"
      aria-label={isNew ? 'Add an analytic' : 'Change an analytic'}
      onSubmit={(form) => {
        form.preventDefault();
        onSave();
      }}
    >
      <DrawingInputs drawing={drawing} isNew={isNew} onChange={onChange} onKind={onKind} problems={problemsOfParameters(problem ?? '')} />
      {missing > 0 && <p className="empty">{`Click on the picture: ${missing} more ${missing === 1 ? 'point' : 'points'} needed.`}</p>}
      {isFull && <p className="problem">{`A camera has at most ${analyticsMax} analytics: remove one first.`}</p>}
      <div className="tools">
        <button type="submit" className="main-action" disabled={isBusy || missing > 0 || isFull}>
          {isNew ? 'Save this analytic' : 'Save the change'}
        </button>
        {!isNew && (
          <button type="button" onClick={onLeave}>
            Leave it as it was
          </button>
        )}
      </div>
    </form>
  );
}
