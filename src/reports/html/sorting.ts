/** The one script of a report's page. Without it, nothing is missing but the sorting of tables: it adds the buttons itself. */

/** Sorts by the number in a cell, by the text where a cell has none; a second press turns the order round. */
export const SORTING = `
for (const table of document.querySelectorAll('table')) {
  const body = table.tBodies[0];
  if (body.rows.length < 3) continue;
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.replace('−', '-');
    const number = parseFloat(text);
    return Number.isNaN(number) ? text : number;
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const rising = head.getAttribute('aria-sort') !== 'ascending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', rising ? 'ascending' : 'descending');
      const compare = (a, b) =>
        typeof a === 'number' && typeof b === 'number'
          ? a - b
          : typeof a === typeof b ? String(a).localeCompare(String(b)) : typeof a === 'number' ? -1 : 1;
      const rows = [...body.rows].sort((a, b) => compare(valueOf(a, column), valueOf(b, column)) * (rising ? 1 : -1));
      body.append(...rows);
    });
  });
}
`;
