/** No column was assigned to a row, or no row to a column. */
export const unassigned = -1;

/**
 * Pairs rows with columns so that the sum of the weights of the pairs is the largest possible. A weight of 0 or less
 * forbids the pair. Returns the column of each row, or `UNASSIGNED`.
 *
 * Optimal rather than greedy: where two people cross, the best single pair often forces a wrong second one.
 * Shortest augmenting paths with potentials (Kuhn–Munkres in the form of Jonker and Volgenant), O(rows² · columns).
 *
 * @param weights row-major, `rows * columns` long
 */
export function assignByWeight(weights: Float64Array, rows: number, columns: number): Int32Array {
  if (rows === 0 || columns === 0) return new Int32Array(rows).fill(unassigned);
  if (rows > columns) return columnsOfRows(assignWideMatrix(transpose(weights, rows, columns), columns, rows), rows);
  return assignWideMatrix(weights, rows, columns);
}

/** The same for `rows <= columns`, which the augmenting step needs: every row then finds a column. */
function assignWideMatrix(weights: Float64Array, rows: number, columns: number): Int32Array {
  // Index 0 is a sentinel in all four arrays; real rows and columns count from 1.
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOfColumn = new Int32Array(columns + 1);
  const previousColumn = new Int32Array(columns + 1);

  for (let row = 1; row <= rows; row++) {
    rowOfColumn[0] = row;
    let freeColumn = findAugmentingPath({ weights, columns, rowPotential, columnPotential, rowOfColumn, previousColumn });
    while (freeColumn !== 0) {
      const before = previousColumn[freeColumn]!;
      rowOfColumn[freeColumn] = rowOfColumn[before]!;
      freeColumn = before;
    }
  }

  const columnOfRow = new Int32Array(rows).fill(unassigned);
  for (let column = 1; column <= columns; column++) {
    const row = rowOfColumn[column]!;
    if (row > 0 && weights[(row - 1) * columns + column - 1]! > 0) columnOfRow[row - 1] = column - 1;
  }
  return columnOfRow;
}

interface SearchState {
  weights: Float64Array;
  columns: number;
  rowPotential: Float64Array;
  columnPotential: Float64Array;
  rowOfColumn: Int32Array;
  previousColumn: Int32Array;
}

/** One Dijkstra-like search from the row parked at the sentinel column; returns the free column it ended at. */
function findAugmentingPath(state: SearchState): number {
  const { weights, columns, rowPotential, columnPotential, rowOfColumn, previousColumn } = state;
  const distance = new Float64Array(columns + 1).fill(Infinity);
  const visited = new Uint8Array(columns + 1);
  let column = 0;
  do {
    visited[column] = 1;
    const row = rowOfColumn[column]!;
    const rowStart = (row - 1) * columns - 1;
    let step = Infinity;
    let nearest = 0;
    for (let next = 1; next <= columns; next++) {
      if (visited[next] === 1) continue;
      const cost = -Math.max(0, weights[rowStart + next]!);
      const reduced = cost - rowPotential[row]! - columnPotential[next]!;
      if (reduced < distance[next]!) {
        distance[next] = reduced;
        previousColumn[next] = column;
      }
      if (distance[next]! < step) {
        step = distance[next]!;
        nearest = next;
      }
    }
    for (let seen = 0; seen <= columns; seen++) {
      if (visited[seen] === 1) {
        rowPotential[rowOfColumn[seen]!]! += step;
        columnPotential[seen]! -= step;
      } else {
        distance[seen]! -= step;
      }
    }
    column = nearest;
  } while (rowOfColumn[column] !== 0);
  return column;
}

function transpose(weights: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(weights.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = weights[row * columns + column]!;
  }
  return out;
}

function columnsOfRows(rowOfColumn: Int32Array, rows: number): Int32Array {
  const columnOfRow = new Int32Array(rows).fill(unassigned);
  rowOfColumn.forEach((row, column) => {
    if (row !== unassigned) columnOfRow[row] = column;
  });
  return columnOfRow;
}
