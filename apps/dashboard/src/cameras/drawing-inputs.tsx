import { FieldProblem } from '../loading/field-problem.js';
import { aboutKind, drawnKinds, pointsMax, type DrawnKind } from './analytic-kinds.js';
import type { Drawing, Point } from './drawn-analytic.js';
import { ScheduleInputs } from './schedule-inputs.js';

const percentMax = 100;

interface DrawingInputsProps {
  drawing: Drawing;
  /** One that exists stays of its kind. */
  isNew: boolean;
  onChange: (part: Partial<Drawing>) => void;
  onKind: (kind: DrawnKind) => void;
  /** What is wrong with which parameter, as the API calls it. */
  problems: ReadonlyMap<string, string>;
}

/** What a drawing means; its corners also as numbers, for who draws with the keyboard. */
export function DrawingInputs({ drawing, isNew, onChange, onKind, problems }: DrawingInputsProps) {
  const about = aboutKind(drawing.kind);
  return (
    <>
      <div className="fields">
        {isNew && (
          <label>
            Kind
            <select value={drawing.kind} onChange={({ target }) => onKind(target.value as DrawnKind)}>
              {Object.entries(drawnKinds).map(([kind, { about: text }]) => (
                <option key={kind} value={kind}>{`${kind}: ${text}`}</option>
              ))}
            </select>
          </label>
        )}
        {about.shape !== 'none' && (
          <label>
            Name of the {about.shape}
            <input value={drawing.name} maxLength={60} onChange={({ target }) => onChange({ name: target.value })} />
            <FieldProblem text={problems.get(about.shape)} />
          </label>
        )}
        {about.labels !== undefined && <WhatCounts drawing={drawing} onChange={onChange} problems={problems} />}
        {about.shape === 'line' && (
          <label>
            Direction
            <select value={drawing.direction} onChange={({ target }) => onChange({ direction: target.value as Drawing['direction'] })}>
              <option value="both">both</option>
              <option value="a_to_b">to the right of it, seen from its first point</option>
              <option value="b_to_a">to the left of it, seen from its first point</option>
            </select>
          </label>
        )}
        {about.numbers.map(({ label, max, member, min, step = 1 }) => (
          <label key={member}>
            {label}
            <input
              type="number"
              min={min}
              max={max}
              step={step}
              required
              aria-invalid={problems.has(member)}
              value={Number.isNaN(drawing.numbers[member]) ? '' : drawing.numbers[member]}
              onChange={({ target }) => onChange({ numbers: { ...drawing.numbers, [member]: target.valueAsNumber } })}
            />
            <FieldProblem text={problems.get(member)} />
          </label>
        ))}
      </div>
      {drawing.kind === 'intrusion' && (
        <ScheduleInputs schedule={drawing.schedule} onSchedule={(schedule) => onChange({ schedule })} problem={problems.get('schedule')} />
      )}
      {about.shape !== 'none' && (
        <PointInputs points={drawing.points} max={pointsMax(drawing.kind)} onPoints={(points) => onChange({ points })} />
      )}
    </>
  );
}

function WhatCounts({ drawing, onChange, problems }: Pick<DrawingInputsProps, 'drawing' | 'onChange' | 'problems'>) {
  return (
    <>
      <label>
        Labels that count
        <input
          value={drawing.labels}
          maxLength={200}
          aria-invalid={problems.has('labels')}
          onChange={({ target }) => onChange({ labels: target.value })}
        />
        <FieldProblem text={problems.get('labels')} />
      </label>
      <label>
        Point that counts
        <select value={drawing.anchor} onChange={({ target }) => onChange({ anchor: target.value as Drawing['anchor'] })}>
          <option value="bottom">where somebody stands</option>
          <option value="centre">the middle of the box</option>
        </select>
      </label>
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
