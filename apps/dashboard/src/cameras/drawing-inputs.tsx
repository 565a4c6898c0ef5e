import { drawnKinds, pointsMax, thresholds, type Drawing, type DrawnKind, type Point } from './drawn-analytic.js';

const percentMax = 100;

/** What a drawing means; its corners also as numbers, for who draws with the keyboard. */
export function DrawingInputs({
  drawing,
  onChange,
  onKind,
}: {
  drawing: Drawing;
  onChange: (part: Partial<Drawing>) => void;
  onKind: (kind: DrawnKind) => void;
}) {
  const threshold = thresholds[drawing.kind];
  return (
    <>
      <div className="fields">
        <label>
          Kind
          <select value={drawing.kind} onChange={({ target }) => onKind(target.value as DrawnKind)}>
            {Object.entries(drawnKinds).map(([kind, text]) => (
              <option key={kind} value={kind}>{`${kind}: ${text}`}</option>
            ))}
          </select>
        </label>
        <label>
          Name of the {drawing.kind === 'line_crossing' ? 'line' : 'zone'}
          <input value={drawing.name} maxLength={60} onChange={({ target }) => onChange({ name: target.value })} />
        </label>
        <label>
          Labels that count
          <input value={drawing.labels} maxLength={200} onChange={({ target }) => onChange({ labels: target.value })} />
        </label>
        <label>
          Point that counts
          <select value={drawing.anchor} onChange={({ target }) => onChange({ anchor: target.value as Drawing['anchor'] })}>
            <option value="bottom">where somebody stands</option>
            <option value="centre">the middle of the box</option>
          </select>
        </label>
        {threshold && (
          <label>
            {threshold.label}
            <input
              type="number"
              min={threshold.min}
              max={3_600}
              required
              value={drawing.threshold}
              onChange={({ target }) => onChange({ threshold: target.valueAsNumber || 0 })}
            />
          </label>
        )}
        {drawing.kind === 'line_crossing' && (
          <label>
            Direction
            <select value={drawing.direction} onChange={({ target }) => onChange({ direction: target.value as Drawing['direction'] })}>
              <option value="both">both</option>
              <option value="a_to_b">to the right of it, seen from its first point</option>
              <option value="b_to_a">to the left of it, seen from its first point</option>
            </select>
          </label>
        )}
      </div>
      <PointInputs points={drawing.points} max={pointsMax[drawing.kind]} onPoints={(points) => onChange({ points })} />
    </>
  );
}

function PointInputs({ max, onPoints, points }: { max: number; onPoints: (points: readonly Point[]) => void; points: readonly Point[] }) {
  const change = (place: number, axis: 0 | 1, percent: number) =>
    onPoints(
      points.map((point, position) => {
        if (position !== place) return point;
        const share = Math.min(percentMax, Math.max(0, percent || 0)) / percentMax;
        return axis === 0 ? [share, point[1]] : [point[0], share];
      }),
    );
  return (
    <details>
      <summary>Points as numbers</summary>
      <ol className="points">
        {points.map((point, place) => (
          <li key={place}>
            {(['from the left', 'from the top'] as const).map((name, axis) => (
              <label key={name}>
                {`% ${name}`}
                <input
                  type="number"
                  min={0}
                  max={percentMax}
                  step={0.1}
                  value={Math.round((point[axis] ?? 0) * 1_000) / 10}
                  onChange={({ target }) => change(place, axis as 0 | 1, target.valueAsNumber)}
                />
              </label>
            ))}
            <button type="button" onClick={() => onPoints(points.filter((_point, position) => position !== place))}>
              {`Remove point ${place + 1}`}
            </button>
          </li>
        ))}
      </ol>
      <button type="button" disabled={points.length >= max} onClick={() => onPoints([...points, [0.5, 0.5]])}>
        Add a point
      </button>
    </details>
  );
}
