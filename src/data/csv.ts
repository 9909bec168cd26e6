/** Comma-separated values by RFC 4180: quoted fields may hold commas, doubled quotes and line breaks; lines end in LF or CRLF. */

/** One record of a CSV file. */
export interface CsvRecord {
  readonly fields: readonly string[];
  /** The line of the file, from 1, on which it starts. */
  readonly line: number;
}

/** A parser that is given a file piece by piece, so that no file is too large for it. */
export interface CsvParser {
  /** The records that are whole with this piece. Throws at a stray quote or carriage return, naming the line. */
  readonly push: (piece: string) => readonly CsvRecord[];
  /** To be called after the last piece. Throws if the file ends within a record, naming its line. */
  readonly end: () => void;
}

/** A longer record is taken for a quote that is never closed. */
const LONGEST_RECORD = 2 ** 22;
const FIELD = /"([^"]*(?:""[^"]*)*)"(,|\r?\n)|([^",\r\n]*)(,|\r?\n)/y;
/** What may become a field when more of the file is known. */
const BEGUN_FIELD = /(?:"[^"]*(?:""[^"]*)*(?:"\r?)?|[^",\r\n]*\r?)$/y;

/** @param file for messages */
export function csvParser(file: string): CsvParser {
  let rest = '';
  let line = 1;
  const push = (piece: string): CsvRecord[] => {
    const text = rest + piece;
    const records: CsvRecord[] = [];
    let [fields, at, start, recordLine]: [string[], number, number, number] = [[], 0, 0, line];
    let lineHere = line;
    while (at < text.length) {
      FIELD.lastIndex = at;
      const match = FIELD.exec(text);
      if (match === null) {
        BEGUN_FIELD.lastIndex = at;
        if (BEGUN_FIELD.test(text)) break;
        throw new Error(
          `${file}:${lineHere}: stray quote or carriage return near '${text.slice(at, at + 20)}'`,
        );
      }
      const [all, quoted, comma, plain, plainComma] = match;
      fields.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'));
      at += all.length;
      if (quoted !== undefined) lineHere += quoted.split('\n').length - 1;
      if ((comma ?? plainComma) === ',') continue;
      records.push({ fields, line: recordLine });
      lineHere++;
      [fields, start, recordLine] = [[], at, lineHere];
    }
    rest = text.slice(start);
    line = recordLine;
    if (rest.length > LONGEST_RECORD) {
      throw new Error(
        `${file}:${line}: a record of more than ${LONGEST_RECORD} characters; is a quote open?`,
      );
    }
    return records;
  };
  const end = (): void => {
    if (rest !== '') throw new Error(`${file}:${line}: the last line is cut off`);
  };
  return { push, end };
}

/** The line of a record, its line end with it; what has a comma, quote or line break is quoted. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map(quote).join(',')}\n`;
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
