/**
 * How an export goes. `running` is leased: when its process falls silent, another one takes it up again. What is over stays as it
 * is until its time has come or its owner removes it.
 */
const exportMoves = {
  queued: ['running', 'cancelled'],
  running: ['ready', 'failed', 'cancelled'],
  ready: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<string, readonly string[]>;

export type ExportState = keyof typeof exportMoves;

/** States from which a move leads to `state`: what a statement that makes it has to ask for. */
export function statesBefore(state: ExportState): ExportState[] {
  const all = Object.entries(exportMoves) as [ExportState, readonly ExportState[]][];
  return all.flatMap(([from, moves]) => (moves.includes(state) ? [from] : []));
}

export function isOver(state: ExportState): boolean {
  return exportMoves[state].length === 0;
}
