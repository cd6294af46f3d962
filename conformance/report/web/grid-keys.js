// A table as a grid with one tab stop: arrow keys move among the elements with `data-nav`, Enter activates.

function navigable(table, activate) {
  table.addEventListener("click", (event) => {
    const place = event.target.closest("[data-nav]");
    if (!place) return;
    rove(table, place);
    activate(place, event.target);
  });
  table.addEventListener("focusin", (event) => rove(table, event.target.closest("[data-nav]")));
  table.addEventListener("keydown", (event) => onGridKey(table, activate, event));
}

/** Make `place` the one element of the grid that Tab reaches. */
function rove(table, place) {
  if (!place) return;
  for (const other of table.querySelectorAll('[data-nav][tabindex="0"]')) other.tabIndex = -1;
  place.tabIndex = 0;
}

/** Make sure that Tab reaches the grid, at `wanted` if it is visible. */
function keepStop(table, wanted) {
  const stop = table.querySelector('[data-nav][tabindex="0"]');
  if (stop && !stop.parentElement.hidden) return;
  const visible = table.querySelector("tbody tr:not([hidden]) [data-nav]");
  rove(table, wanted && !wanted.parentElement.hidden ? wanted : (visible ?? table.querySelector("[data-nav]")));
}

function onGridKey(table, activate, event) {
  const place = event.target.closest("[data-nav]");
  if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    activate(place, event.target);
    return;
  }
  const rows = [...table.rows].filter((row) => !row.hidden && row.querySelector("[data-nav]"));
  const row = rows.indexOf(place.parentElement);
  const column = place.cellIndex;
  const last = place.parentElement.cells.length - 1;
  const moves = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [row, 0],
    End: [row, last],
    PageUp: [row - 10, column],
    PageDown: [row + 10, column],
  };
  if (!(event.key in moves)) return;
  event.preventDefault();
  const [wantedRow, wantedColumn] = moves[event.key];
  const direction = wantedRow < row ? -1 : 1;
  // Rows of areas have only one cell to open: skip the others.
  for (let r = Math.min(Math.max(wantedRow, 0), rows.length - 1); r >= 0 && r < rows.length; r += direction) {
    const next = rows[r].cells[Math.min(Math.max(wantedColumn, 0), last)];
    if (next?.hasAttribute("data-nav")) {
      next.focus();
      return;
    }
    if (wantedRow === row) return;
  }
}
