// Plain tables: a head, aligned columns, no boxes, so that they read well and cut well (awk, grep).
// Owns the look; views.ts says what is in them. A table is written as its rows come: the first of them set the widths
// of the columns, so that a table of any length costs the memory of these.

export type Cell = string | number;

/** The lines of a list for people, some at a time, from its rows, which come some at a time. */
export type Lines<Row> = (rows: AsyncIterable<Row[]>) => AsyncGenerator<string[]>;

/** Rows that set the widths. */
const WINDOW = 1_000;
const GAP = "  ";
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]/u;

interface Column {
  width: number;
  isNumber: boolean;
}

/**
 * Tables with this head. A later cell that is longer than its column moves the rest of its row to the right. A column
 * whose first cell is a number is aligned right. `remark`: a title behind the others, of a column that has one only
 * if a cell of the window says something there.
 */
export function tableOf<Row>(head: readonly string[], cells: (row: Row) => Cell[], remark?: string): Lines<Row> {
  return async function* (batches) {
    let window: Cell[][] = [];
    let columns: Column[] | undefined;
    for await (const batch of batches) {
      const rows = batch.map(cells);
      if (columns !== undefined) {
        yield linesOf(rows, columns);
        continue;
      }
      const missing = WINDOW - window.length;
      window = window.concat(rows.slice(0, missing));
      if (window.length < WINDOW) continue;
      columns = columnsOf(titled(head, window, remark), window);
      yield tableLines(titled(head, window, remark), window);
      yield linesOf(rows.slice(missing), columns);
    }
    if (columns === undefined) yield tableLines(titled(head, window, remark), window);
  };
}

/** Lines of a table whose rows are all there. */
export function tableLines(head: readonly string[], rows: readonly Cell[][]): string[] {
  const columns = columnsOf(head, rows);
  return [...linesOf([head.map((title) => title.toUpperCase())], columns), ...linesOf(rows, columns)];
}

/** Names of files may hold anything; a terminal's control characters are not shown to it. */
export function printable(text: string): string {
  return UNPRINTABLE.test(text) ? text.replace(new RegExp(UNPRINTABLE, "gu"), "?") : text;
}

function titled(head: readonly string[], window: readonly Cell[][], remark?: string): readonly string[] {
  return remark !== undefined && window.some((row) => row[head.length] !== "") ? [...head, remark] : head;
}

function columnsOf(head: readonly string[], rows: readonly Cell[][]): Column[] {
  return head.map((title, column) => ({
    width: rows.reduce((widest, row) => Math.max(widest, textOf(row[column]!).length), title.length),
    isNumber: typeof rows[0]?.[column] === "number",
  }));
}

function linesOf(rows: readonly Cell[][], columns: readonly Column[]): string[] {
  return rows.map((row) => row.map((cell, index) => padded(cell, columns[index])).join(GAP).trimEnd());
}

/** Beyond the columns there is a remark that came too late for a title: its text alone. */
function padded(cell: Cell, column: Column | undefined): string {
  if (column === undefined) return printable(String(cell));
  const text = textOf(cell);
  return column.isNumber ? text.padStart(column.width) : text.padEnd(column.width);
}

function textOf(cell: Cell): string {
  return printable(String(cell)) || "-";
}
