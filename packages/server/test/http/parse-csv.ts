/** A reader of RFC 4180 for tests, written apart from the writer. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const { cell, end } = text.startsWith('"', at) ? quoted(text, at) : plain(text, at);
    row.push(cell);
    if (text.startsWith(',', end)) at = end + 1;
    else if (text.startsWith('\r\n', end)) {
      rows.push(row);
      row = [];
      at = end + 2;
    } else throw new Error(`neither a comma nor an end of line at ${end}`);
  }
  if (row.length > 0) throw new Error('the last line does not end');
  return rows;
}

interface Read {
  readonly cell: string;
  readonly end: number;
}

const PLAIN = /[^,"\r\n]*/y;
function plain(text: string, at: number): Read {
  PLAIN.lastIndex = at;
  const cell = PLAIN.exec(text)?.[0] ?? '';
  return { cell, end: at + cell.length };
}

const QUOTED = /"((?:[^"]|"")*)"/y;
function quoted(text: string, at: number): Read {
  QUOTED.lastIndex = at;
  const found = QUOTED.exec(text);
  if (found === null) throw new Error(`a quoted cell at ${at} does not end`);
  return { cell: (found[1] ?? '').replaceAll('""', '"'), end: at + found[0].length };
}
