/** Where the launcher speaks to the person who started it: plain lines, readable in a log file too. */
export class Terminal {
  private readonly startedMs = performance.now();

  constructor(private readonly output: NodeJS.WritableStream) {}

  /** One line of progress: seconds since the start, what it is about, what happened. */
  progress(subject: string, text: string): void {
    const seconds = ((performance.now() - this.startedMs) / 1000).toFixed(1).padStart(6);
    this.line(`${seconds} s  ${subject.padEnd(12)} ${text}`);
  }

  line(text = ''): void {
    this.output.write(`${text}\n`);
  }
}

/** Renders rows under their headings, columns as wide as their widest cell. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const renderRow = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd();
  return [renderRow(headings), renderRow(widths.map((width) => '-'.repeat(width))), ...rows.map(renderRow)].join('\n');
}
