import type { ReactNode } from 'react';
import { Problem } from './problem.js';
import type { Loaded } from './use-loaded.js';

/** A list in whichever state it is: on its way, empty, there, or refused with a way to try again. */
export function LoadedList<Item>({
  of,
  empty,
  children,
}: {
  of: Loaded<readonly Item[]>;
  /** What to do when there is nothing. */
  empty: ReactNode;
  children: (items: readonly Item[]) => ReactNode;
}) {
  const { problem, reload, value } = of;
  return (
    <>
      {problem && <Problem text={problem} onRetry={reload} />}
      {!value && !problem && (
        <p className="empty" role="status">
          Loading …
        </p>
      )}
      {value?.length === 0 && <p className="empty">{empty}</p>}
      {value && value.length > 0 && children(value)}
    </>
  );
}
