// From a cell to its dilemmas, from a dilemma to its prompts and answers, in one dialog.
const AT_ONCE = 100;

class Drill {
  constructor(cells, filters) {
    this.cells = cells;
    this.filters = filters;
    this.dialog = byId("drill");
    this.body = byId("drill-body");
    this.cell = null;
    byId("close").addEventListener("click", () => this.dialog.close());
    byId("back").addEventListener("click", () => this.showCell(this.from));
  }

  open(cell) {
    this.cell = cell;
    this.showCell(null);
    this.dialog.showModal();
    byId("drill-title").focus();
  }

  show(title, ...content) {
    const heading = el("h2", { id: "drill-title", tabindex: "-1" }, title);
    this.body.replaceChildren(heading, ...content.filter((node) => node != null));
    this.dialog.scrollTop = 0;
    if (this.dialog.open) heading.focus();
  }

  // The conditions of a cell: those that agree with its column in all that tells columns apart.
  conditions() {
    return rows(this.cells.conditions)
      .map((row, place) => ({ ...row, place }))
      .filter((row) => Object.keys(this.cell.column).every((name) => row[name] === this.cell.column[name]));
  }

  // Each dilemma of the cell in each of its conditions, the widest distance first.
  pairs() {
    const [stated, chosen] = this.cells.means;
    const found = [];
    for (const condition of this.conditions()) {
      this.cells.scenarios.scenario.forEach((_, place) => {
        if (!this.filters.holds(place, this.cell.part)) return;
        const value = stated[condition.place][place];
        const action = chosen[condition.place][place];
        const distance = value == null || action == null ? null : Math.abs(value - action);
        found.push({ condition, place, value, action, distance });
      });
    }
    return found.sort((a, b) => (b.distance ?? -1) - (a.distance ?? -1));
  }

  showCell(from) {
    const { part, row, column } = this.cell;
    const pairs = this.pairs();
    const several = new Set(pairs.map((pair) => pair.condition.place)).size > 1;
    const list = el("tbody");
    const more = el("button", { type: "button", class: "more" });
    const add = () => {
      const shown = list.children.length;
      list.append(...pairs.slice(shown, shown + AT_ONCE).map((pair) => this.line(pair, several, part)));
      const left = pairs.length - list.children.length;
      more.hidden = !left;
      more.textContent = `Show ${Math.min(left, AT_ONCE)} more of ${count(left)}`;
    };
    more.addEventListener("click", () => {
      const next = list.children.length;
      add();
      list.children[next].querySelector("button").focus();
    });
    add();
    byId("back").hidden = true;
    const heads = ["dilemma", ...(several ? ["persona"] : [])].map((name) => el("th", { scope: "col" }, name));
    const numbers = ["stated", "chosen", "distance"].map((name) => el("th", { scope: "col", class: "n" }, name));
    this.show(
      `${part.label[0].toUpperCase()}${part.label.slice(1)} · ${who(column)}`,
      el("p", { class: "quiet" }, rest(this.cells, column)),
      facts([
        ...this.cells.measures.map(({ name, title }) => [title, figure(row[name])]),
        ["counted", counted(row.scenarios, "dilemma")],
        ["answers", count(row.answers)],
        ["missing", count(row.missing)],
      ]),
      el(
        "div",
        { class: "scroll" },
        el(
          "table",
          {},
          el("caption", {}, "Mean stated value and mean chosen action, from +1, full agreement, to −1; the furthest apart first."),
          el("thead", {}, el("tr", {}, heads, numbers)),
          list,
        ),
      ),
      more,
    );
    const again = from && list.querySelector(`[data-pair="${from}"]`);
    if (again) again.focus();
  }

  line(pair, several, part) {
    const { value, topic, setting } = this.cells.scenarios;
    const name = [part.within === "value" ? null : value[pair.place], topic[pair.place], setting[pair.place] || null];
    const id = `${pair.condition.place}-${pair.place}`;
    const open = () => {
      this.from = id;
      this.showDilemma(pair.place, pair.condition.place);
    };
    return el(
      "tr",
      {},
      el("td", {}, el("button", { type: "button", class: "link", "data-pair": id, onclick: open }, name.filter(Boolean).join(" · "))),
      several ? el("td", {}, pair.condition.persona) : null,
      [pair.value, pair.action].map((mean) => el("td", { class: "n" }, signed(mean, 2))),
      el("td", { class: "n" }, figure(pair.distance, 2)),
    );
  }

  async showDilemma(place, condition) {
    const scenario = await openScenario(place);
    const { value, topic, setting } = this.cells.scenarios;
    byId("back").hidden = false;
    const answers = el("div");
    const choose = el(
      "select",
      { onchange: (event) => this.showAnswers(answers, scenario, Number(event.target.value)) },
      rows(this.cells.conditions).map((row, number) =>
        el("option", { value: number, selected: number === condition }, [who(row), rest(this.cells, row)].filter(Boolean).join(" · ")),
      ),
    );
    this.show(
      `${value[place]} · ${topic[place]}`,
      el(
        "p",
        { class: "quiet" },
        [this.cells.definitions[value[place]], setting[place]].filter(Boolean).join(" · "),
      ),
      !scenario.dilemma ? null : el("p", { class: "dilemma" }, scenario.dilemma),
      el("p", {}, el("label", {}, "Answers of ", choose)),
      answers,
    );
    this.showAnswers(answers, scenario, condition);
  }

  showAnswers(place, scenario, condition) {
    const options = { value: scale(this.cells.scales[condition]), action: scenario.actions };
    const titles = { value: "Asked what it values", action: "Asked what it would do" };
    const sections = Object.entries(titles).map(([question, title]) => {
      const mine = scenario.answers.filter(
        (one) => one.condition === condition && one.question === question,
      );
      return el(
        "section",
        { "aria-label": title },
        el("h3", {}, title),
        tally(options[question], mine, title),
        mine.map((one) => answer(one, options[question], scenario)),
      );
    });
    place.replaceChildren(...sections);
  }
}

// A condition or category in words: who is asked, and what else tells it from others.
function who(column) {
  return column.persona ?? (column.category === BASELINE ? BASELINE : `${column.category} personas`);
}

function rest(cells, column) {
  return Object.keys(cells.factors).map((name) => column[name]).join(", ");
}
