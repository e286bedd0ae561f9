// One choice of filters for the figures and the cells. A row passes that lacks a filter's column. A
// baseline, being what the others are held against, passes the filter of persona and that of format
// too (a figure's baselines stand in the panel of each format, and stay or go with it).
const BASELINE = "baseline";

class Filters {
  constructor(cells, changed) {
    this.cells = cells;
    this.levels = {};
    this.who = "";
    this.part = { within: "all", part: "" };
    this.changed = changed;
  }

  passes(row) {
    const base = row.category === BASELINE;
    for (const [name, level] of Object.entries(this.levels)) {
      if (base && name === "format" && !("setting" in row)) continue;
      if (name in row && String(row[name]) !== level) return false;
    }
    if (!this.who || base) return true;
    const [column, name] = JSON.parse(this.who);
    if (column === "persona" && !("persona" in row)) return row.category === this.categoryOf(name);
    return !(column in row) || row[column] === name;
  }

  categoryOf(persona) {
    const { conditions } = this.cells;
    return conditions.category[conditions.persona.indexOf(persona)];
  }

  // Whether a scenario belongs to a part: all of them, a value group, a value.
  holds(place, { within, part } = this.part) {
    const value = this.cells.scenarios.value[place];
    if (within === "value") return value === part;
    return within === "all" || this.cells.groups[value] === part;
  }

  status() {
    const { conditions, scenarios } = this.cells;
    const shown = rows(conditions).filter((row) => this.passes(row)).length;
    const held = scenarios.scenario.filter((_, place) => this.holds(place)).length;
    const about = this.part.within === "all" ? "" : ` about ${this.part.part}`;
    return (
      `Shown: ${shown} of ${counted(conditions.persona.length, "condition")}, ` +
      `${count(held)} of ${counted(scenarios.scenario.length, "dilemma")}${about}.`
    );
  }

  draw(form) {
    const fields = Object.entries(this.cells.factors).map(([name, levels]) =>
      this.field(
        name.replaceAll("_", " "),
        name,
        levels.map((level) => option(String(level), String(level))),
        (chosen) => {
          if (chosen) this.levels[name] = chosen;
          else delete this.levels[name];
        },
      ),
    );
    fields.push(this.field("persona", "who", this.people(), (chosen) => (this.who = chosen)));
    fields.push(
      this.field("value", "value", this.values(), (chosen) => {
        const [within, part] = chosen ? JSON.parse(chosen) : ["all", ""];
        this.part = { within, part };
      }),
    );
    const reset = el("button", { type: "reset" }, "Reset");
    form.append(...fields, reset);
    form.addEventListener("reset", () => {
      this.levels = {};
      this.who = "";
      this.part = { within: "all", part: "" };
      this.changed();
    });
    form.hidden = false;
  }

  field(label, name, options, choose) {
    const chosen = (event) => {
      choose(event.target.value);
      this.changed();
    };
    const select = el("select", { name, onchange: chosen }, option("", "all"), options);
    return el("label", {}, `${label} `, select);
  }

  people() {
    const named = new Map();
    for (const row of rows(this.cells.conditions)) {
      if (row.category === BASELINE) continue;
      if (!named.has(row.category)) named.set(row.category, new Set());
      named.get(row.category).add(row.persona);
    }
    return [...named].map(([category, personas]) =>
      el(
        "optgroup",
        { label: category || "no category" },
        option(JSON.stringify(["category", category]), `all ${category || "of these"}`),
        [...personas].map((name) => option(JSON.stringify(["persona", name]), name)),
      ),
    );
  }

  values() {
    return byGroup(this.cells).map(([group, values]) => {
      const each = values.map((name) => option(JSON.stringify(["value", name]), name));
      const whole = option(JSON.stringify(["group", group]), `all of ${group}`);
      return group ? el("optgroup", { label: group }, whole, each) : each;
    });
  }
}

// The values under their groups, both in the order of the study.
function byGroup(cells) {
  const groups = new Map();
  for (const value of cells.values) {
    const group = cells.groups[value] ?? "";
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(value);
  }
  return [...groups];
}
