import { useEffect, useRef, useState, type PointerEvent } from 'react';
import { readSnapshot } from '../api/cameras.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import type { Point } from './drawn-analytic.js';

/** Coordinates of the drawing over the whole picture, whatever its shape. */
const scale = 1_000;

interface Shape {
  points: readonly Point[];
  isLine: boolean;
  name: string;
}

interface DrawnPoints {
  drawn: Shape;
  onPoints: (points: readonly Point[]) => void;
  pointsMax: number;
}

interface DrawingBoardProps extends DrawnPoints {
  api: Api;
  cameraId: number;
  known: readonly Shape[];
}

/** The newest picture with the shapes on it. A click adds a point, dragging moves one. */
export function DrawingBoard({ api, cameraId, drawn, known, onPoints, pointsMax }: DrawingBoardProps) {
  const { picture, problem, reload } = useSnapshot(api, cameraId);
  const { board, onDown, onMove, onUp } = useDragging({ drawn, onPoints, pointsMax });
  return (
    <>
      <Problem text={problem} onRetry={reload} />
      <div className="drawing-board">
        {picture ? (
          <img src={picture} alt="Newest picture of the camera" />
        ) : (
          <p className="empty">No picture yet: the corners can be typed below.</p>
        )}
        <svg
          ref={board}
          data-testid="drawing-board"
          viewBox={`0 0 ${scale} ${scale}`}
          preserveAspectRatio="none"
          role="img"
          aria-label="Zones and lines on the picture; the corners can be typed below"
          onPointerDown={onDown}
          onPointerMove={onMove}
          onPointerUp={onUp}
          onPointerCancel={onUp}
        >
          {known.map((shape, position) => (
            <Outline key={position} shape={shape} className="known-shape" />
          ))}
          <Outline shape={drawn} className="drawn-shape" />
          {drawn.points.map(([x, y], position) => (
            <ellipse key={position} data-point={position} className="corner" cx={x * scale} cy={y * scale} rx={10} ry={16} />
          ))}
        </svg>
      </div>
      <button type="button" onClick={reload}>
        Take a new picture
      </button>
    </>
  );
}

/** What a pointer does to the points of a drawing. */
function useDragging({ drawn, onPoints, pointsMax }: DrawnPoints) {
  const board = useRef<SVGSVGElement>(null);
  const dragged = useRef<number>(undefined);
  const pointOf = ({ clientX, clientY }: PointerEvent): Point => {
    const { height, left, top, width } = board.current?.getBoundingClientRect() ?? { height: 1, left: 0, top: 0, width: 1 };
    const share = (value: number) => Math.min(1, Math.max(0, value));
    return [share((clientX - left) / width), share((clientY - top) / height)];
  };
  const onDown = (event: PointerEvent<SVGSVGElement>) => {
    const place = (event.target as Element).getAttribute('data-point');
    event.currentTarget.setPointerCapture(event.pointerId);
    if (place !== null) dragged.current = Number(place);
    else if (drawn.points.length < pointsMax) {
      dragged.current = drawn.points.length;
      onPoints([...drawn.points, pointOf(event)]);
    }
  };
  const onMove = (event: PointerEvent) => {
    const place = dragged.current;
    if (place !== undefined) onPoints(drawn.points.map((point, position) => (position === place ? pointOf(event) : point)));
  };
  const onUp = () => {
    dragged.current = undefined;
  };
  return { board, onDown, onMove, onUp };
}

function Outline({ className, shape }: { className: string; shape: Shape }) {
  const points = shape.points.map(([x, y]) => `${x * scale},${y * scale}`).join(' ');
  return shape.isLine || shape.points.length < 3 ? (
    <polyline className={className} points={points} />
  ) : (
    <polygon className={className} points={points} />
  );
}

function useSnapshot(api: Api, cameraId: number): { picture: string | undefined; problem: string | undefined; reload: () => void } {
  const [picture, setPicture] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let made: string | undefined;
    readSnapshot(api, cameraId, stop.signal).then(
      (blob) => {
        if (stop.signal.aborted) return;
        made = URL.createObjectURL(blob);
        setPicture(made);
        setProblem(undefined);
      },
      (error: unknown) => !stop.signal.aborted && setProblem((error as Error).message),
    );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [api, cameraId, round]);
  return { picture, problem, reload: () => setRound((rounds) => rounds + 1) };
}
