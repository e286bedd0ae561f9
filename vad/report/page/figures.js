// The run's figures, drawn by Vega-Lite when they come into sight, anew when a filter changes.
// A filter exchanges or leaves out rows of a figure's data; what it shows is never computed here.
const NARROW = matchMedia("(max-width: 40rem)");

// On a phone panels stand below one another and are no wider than the screen; bars side by side
// and a map with names in it need the room they have.
function fit(node, width) {
  if (Array.isArray(node)) node.forEach((inner) => fit(inner, width));
  if (!node || typeof node !== "object" || Array.isArray(node)) return;
  if (node.hconcat) {
    node.vconcat = node.hconcat;
    delete node.hconcat;
  }
  if (node.facet) node.columns = 1;
  if (node.axis?.labels === false) delete node.axis.labels;
  if (node.scale?.domain?.some?.((label) => String(label).length > 14)) {
    node.legend = { ...node.legend, columns: 1 };
  }
  if (node.legend?.orient) node.legend.columns = 2;
  const roomy = node.height === node.width || JSON.stringify(node).includes("xOffset");
  if (node.width > width && !roomy) node.width = width;
  for (const [key, inner] of Object.entries(node)) if (key !== "datasets") fit(inner, width);
}

// What is narrower than its place is drawn larger, its letters with it, by a third at most.
function enlarge(svg, room) {
  const times = Math.min(1.3, room / svg.width.baseVal.value);
  if (times <= 1) return;
  for (const side of ["width", "height"]) svg.setAttribute(side, times * svg[side].baseVal.value);
}

class Figures {
  constructor({ figures, settings, colours }, filters) {
    this.settings = settings;
    this.colours = colours;
    this.filters = filters;
    this.each = Object.entries(figures).map(([name, figure]) => ({ name, ...figure }));
    this.watcher = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) if (isIntersecting) this.plot(target.figure);
    }, { rootMargin: "300px" });
  }

  draw(place) {
    for (const one of this.each) {
      const label = `${one.title}. The numbers drawn follow as a table.`;
      one.plot = el("div", { class: "scroll chart", role: "img", "aria-label": label });
      one.plot.figure = one;
      one.note = el("p", { class: "quiet" });
      one.table = el("details", {}, el("summary", {}, "The numbers drawn"));
      one.table.addEventListener("toggle", () => this.tell(one));
      const notes = one.notes.map((note) => el("p", { class: "quiet" }, note));
      place.append(
        el("figure", { id: `figure-${one.name}` }, el("figcaption", {}, el("h3", {}, one.title), notes), one.plot, one.note, one.table),
      );
      this.watcher.observe(one.plot);
    }
  }

  // What has been drawn is out of date: what is in sight is drawn again at once.
  update() {
    for (const figure of this.each) {
      figure.drawn = false;
      this.tell(figure);
      this.watcher.unobserve(figure.plot);
      this.watcher.observe(figure.plot);
    }
  }

  // The rows of each data set that the filters let pass, of the part that they choose.
  data(figure) {
    const { within, part } = this.filters.part;
    const whole = Object.keys(figure.data).length === 1;
    const chosen = within === "all" || whole ? "all" : `${within} ${part}`;
    return (figure.data[chosen] ?? []).map((table) => rows(table).filter((row) => this.passes(row)));
  }

  // Where personas have no categories the bars name them in the column of categories.
  passes(row) {
    const { conditions } = this.filters.cells;
    const named = !("persona" in row) && conditions.persona.includes(row.category);
    const persona = named ? row.category : row.persona;
    const category = persona == null ? row.category : this.filters.categoryOf(persona);
    const told = persona == null ? { category } : { category, persona };
    return this.filters.passes({ ...this.settings[row.setting], ...row, ...told });
  }

  async plot(figure) {
    if (figure.drawn) return;
    figure.drawn = true;
    const data = this.data(figure);
    const empty = !data.some((table) => table.length);
    const whole = Object.keys(figure.data).length === 1 && this.filters.part.within !== "all";
    figure.note.textContent = empty ? "Not defined for this choice." : whole ? "Over all values." : "";
    figure.plot.hidden = empty;
    if (empty) return;
    const spec = structuredClone(figure.spec);
    spec.datasets = Object.fromEntries(data.map((table, place) => [`data-${place}`, table]));
    if (NARROW.matches) fit(spec, figure.plot.clientWidth - 150);
    const inside = el("div");
    figure.plot.replaceChildren(inside);
    await vegaEmbed(inside, this.coloured(spec), { ast: true, actions: false, renderer: "svg" });
    enlarge(inside.querySelector("svg"), figure.plot.clientWidth);
  }

  // The figures are made for white paper: their own colours give way to those of the theme.
  coloured(spec) {
    const style = getComputedStyle(byId("palette"));
    const of = (name) => {
      byId("palette").style.color = `var(--${name})`;
      return style.color;
    };
    const colours = Object.fromEntries(Object.entries(this.colours).map(([own, name]) => [own, of(name)]));
    const exchange = (node) => {
      if (Array.isArray(node)) return node.map(exchange);
      if (node && typeof node === "object") {
        return Object.fromEntries(
          Object.entries(node).map(([key, inner]) => [key, key === "datasets" ? inner : exchange(inner)]),
        );
      }
      return colours[node] ?? node;
    };
    const dressed = exchange(spec);
    dressed.config.font = getComputedStyle(document.body).fontFamily;
    return dressed;
  }

  // The rows of a figure as tables; a data set that only repeats rows of another is left out.
  tell(one) {
    one.table.querySelector(".scroll")?.remove();
    if (!one.table.open) return;
    const data = this.data(one).filter((table) => table.length);
    const texts = data.map((table) => new Set(table.map((row) => JSON.stringify(row))));
    const own = data.filter(
      (_, place) =>
        !texts.some(
          (other, at) =>
            at !== place &&
            (other.size > texts[place].size || at < place) &&
            [...texts[place]].every((row) => other.has(row)),
        ),
    );
    const label = `${one.title}: the numbers`;
    one.table.append(
      el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
        own.map((table) => numbers(table, label)),
      ),
    );
  }
}

function numbers(table, label) {
  const names = Object.keys(table[0]);
  const told = (value) => (typeof value === "number" ? figure(value) : (value ?? "missing"));
  return el(
    "table",
    {},
    el("caption", { class: "hidden" }, label),
    el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name.replaceAll("_", " "))))),
    el(
      "tbody",
      {},
      table.map((row) => el("tr", {}, names.map((name) => el("td", {}, told(row[name]))))),
    ),
  );
}
