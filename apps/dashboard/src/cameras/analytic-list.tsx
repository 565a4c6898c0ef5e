import { aboutKind, kindOf } from './analytic-kinds.js';
import { drawingOf, shapeOf, type Analytic } from './drawn-analytic.js';

interface AnalyticListProps {
  analytics: readonly Analytic[];
  isBusy: boolean;
  /** Which one is being changed. */
  changed: number | undefined;
  onChange: (place: number) => void;
  onRemove: (place: number) => void;
}

/** Analytics of a camera. Those that are not set on the page are changed with the API. */
export function AnalyticList({ analytics, changed, isBusy, onChange, onRemove }: AnalyticListProps) {
  if (analytics.length === 0) return <p className="empty">None yet: people are counted, and who comes and goes is an event.</p>;
  return (
    <ul className="rows">
      {analytics.map((analytic, place) => {
        const kind = kindOf(analytic.analytic_name);
        const name = shapeOf(analytic)?.name ?? '';
        return (
          <li key={place} data-testid="analytic-row">
            <span>
              <strong>{analytic.analytic_name}</strong> {name}{' '}
              <span className="empty">{kind ? aboutKind(kind).about : 'changed with the API'}</span>
            </span>
            <div className="tools">
              {drawingOf(analytic) && (
                <button
                  type="button"
                  disabled={isBusy}
                  aria-pressed={changed === place}
                  aria-label={`Change ${analytic.analytic_name} ${name}`.trim()}
                  onClick={() => onChange(place)}
                >
                  Change
                </button>
              )}
              <button
                type="button"
                disabled={isBusy || changed !== undefined}
                aria-label={`Remove ${analytic.analytic_name} ${name}`.trim()}
                onClick={() => onRemove(place)}
              >
                Remove
              </button>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
