// The table of cells: a value a row, a category or persona a column. It is an ARIA grid: one stop
// for Tab, arrow keys within, Enter opens a cell.
// What it can show, by name: its label, and of a row how far apart values and actions are.
const shownMeasures = (cells) => ({
  ...Object.fromEntries(
    cells.measures.map(({ name, label, nearer }) => [name, [label, (row) => row[name] && -nearer * row[name]]]),
  ),
  missing: ["answers missing", (row) => row.missing / row.answers],
});

class Grid {
  constructor(cells, filters, open) {
    this.cells = cells;
    this.filters = filters;
    this.open = open;
    this.measures = shownMeasures(cells);
    this.measure = cells.measures[0].name;
    this.kind = cells.who;
    this.tables = {};
    for (const kind of ["category", "persona"]) this.tables[kind] = this.index(kind);
  }

  index(kind) {
    const found = new Map();
    for (const row of rows(this.cells[kind])) {
      found.set(JSON.stringify([this.key(row), row.within, row.part]), row);
    }
    return found;
  }

  // The columns that tell one condition (or category) from another.
  key(row) {
    const names = Object.keys(this.cells.conditions).filter((name) => name in row);
    return names.map((name) => row[name]);
  }

  // One column for each condition or category that the filters let pass, in the book's order.
  columns() {
    const found = new Map();
    for (const row of rows(this.cells.conditions)) {
      if (this.kind === "category") delete row.persona;
      if (this.filters.passes(row)) found.set(JSON.stringify(this.key(row)), row);
    }
    return [...found.values()];
  }

  parts() {
    const { part, within } = this.filters.part;
    const found = [];
    if (within === "all") found.push({ within, part, label: "all values", head: true });
    for (const [group, values] of byGroup(this.cells)) {
      const mine = values.filter((name) => within !== "value" || name === part);
      if (!mine.length || (within === "group" && group !== part)) continue;
      if (group && within !== "value") {
        found.push({ within: "group", part: group, label: group, head: true });
      }
      for (const name of mine) found.push({ within: "value", part: name, label: name });
    }
    return found;
  }

  draw(place) {
    const columns = this.columns();
    const lines = this.parts().map((part) => [part, columns.map((column) => this.find(part, column))]);
    const shade = this.shading(lines.flatMap(([, found]) => found));
    const table = el(
      "table",
      { role: "grid", class: "grid", "aria-readonly": "true", onkeydown: (event) => this.move(event) },
      el("caption", {}, `${this.measures[this.measure][0]}, by value and ${this.kind}`),
      el("thead", {}, this.heads(columns)),
      el(
        "tbody",
        {},
        lines.map(([part, found]) =>
          el(
            "tr",
            { class: part.head ? "head" : null },
            el("th", { scope: "row" }, part.label),
            found.map((row, place) => this.cell(part, row, columns[place], shade)),
          ),
        ),
      ),
    );
    place.replaceChildren(table);
    table.querySelector("td button")?.setAttribute("tabindex", "0");
  }

  find(part, column) {
    return this.tables[this.kind].get(JSON.stringify([this.key(column), part.within, part.part]));
  }

  // From 0, the nearest of the cells shown, to 1, the furthest apart.
  shading(shown) {
    const apart = this.measures[this.measure][1];
    const known = shown.map((row) => row && apart(row)).filter((one) => one != null);
    const least = Math.min(...known);
    const span = Math.max(...known) - least;
    return (row) => (span ? (apart(row) - least) / span : 0);
  }

  // A row of headings for each factor in which the columns differ, one for who is asked.
  heads(columns) {
    const names = Object.keys(this.cells.factors).filter(
      (name) => new Set(columns.map((column) => this.level(column, name)).filter(Boolean)).size > 1,
    );
    const over = names.map((name, depth) => {
      const levels = columns.map((column) =>
        names.slice(0, depth + 1).map((one) => this.level(column, one)),
      );
      const starts = levels.map(String).map((text, place, all) => text !== all[place - 1]);
      const heads = levels.flatMap((level, place) => {
        if (!starts[place]) return [];
        const next = starts.indexOf(true, place + 1);
        const colspan = (next < 0 ? columns.length : next) - place;
        return [el("th", { scope: "colgroup", colspan }, String(level[depth]))];
      });
      return el("tr", { class: "over" }, el("th", { scope: "row" }, name.replaceAll("_", " ")), heads);
    });
    const who = columns.map((column) => el("th", { scope: "col" }, column.persona ?? column.category));
    return [...over, el("tr", {}, el("th", { scope: "col" }, "value"), who)];
  }

  // A baseline has no format of its own to tell.
  level(column, name) {
    return name === "format" && column.category === BASELINE ? "" : column[name];
  }

  cell(part, row, column, shade) {
    if (!row) return el("td");
    const value = row[this.measure];
    const text = this.measure === "missing" ? count(value) : value == null ? "–" : figure(value, 2);
    const name = `${part.label}, ${column.persona ?? column.category}: ${value == null ? "missing" : text}`;
    const open = () => this.open({ part, row, column });
    const attributes = { type: "button", tabindex: "-1", "aria-label": name, onclick: open };
    const button = el("button", attributes, text);
    if (value != null) button.style.setProperty("--shade", `${Math.round(shade(row) * 100)}%`);
    return el("td", {}, button);
  }

  move(event) {
    const lines = [...event.currentTarget.querySelectorAll("tbody tr")].map((line) => [
      ...line.querySelectorAll("button"),
    ]);
    const from = event.target;
    const y = lines.findIndex((line) => line.includes(from));
    if (y < 0) return;
    const x = lines[y].indexOf(from);
    const last = lines[y].length - 1;
    const to = {
      ArrowUp: [x, y - 1],
      ArrowDown: [x, y + 1],
      ArrowLeft: [x - 1, y],
      ArrowRight: [x + 1, y],
      Home: [0, event.ctrlKey ? 0 : y],
      End: [last, event.ctrlKey ? lines.length - 1 : y],
      PageUp: [x, Math.max(0, y - 10)],
      PageDown: [x, Math.min(lines.length - 1, y + 10)],
    }[event.key];
    const target = to && lines[to[1]]?.[to[0]];
    if (to) event.preventDefault();
    if (!target) return;
    from.setAttribute("tabindex", "-1");
    target.setAttribute("tabindex", "0");
    target.focus();
  }
}
