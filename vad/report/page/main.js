async function main() {
  const theme = byId("theme");
  const cells = await unpack("cells");
  const filters = new Filters(cells, () => show());
  const drill = new Drill(cells, filters);
  const grid = new Grid(cells, filters, (cell) => drill.open(cell));
  const figures = new Figures(await unpack("charts"), filters);
  figures.draw(byId("charts"));
  byId("no-figures").hidden = figures.each.length > 0;
  const show = () => {
    grid.draw(byId("grid"));
    figures.update();
    byId("status").textContent = filters.status();
  };
  filters.draw(byId("filters"));
  for (const [name, [label]] of Object.entries(grid.measures)) byId("measure").append(option(name, label));
  byId("measure").addEventListener("change", (event) => {
    grid.measure = event.target.value;
    show();
  });
  byId("columns").addEventListener("change", (event) => {
    grid.kind = event.target.value;
    show();
  });
  byId("grid-settings").hidden = false;
  theme.addEventListener("change", () => {
    document.documentElement.dataset.theme = theme.value;
    figures.update();
  });
  for (const seen of [matchMedia("(prefers-color-scheme: dark)"), NARROW]) {
    seen.addEventListener("change", () => figures.update());
  }
  copying();
  show();
  document.documentElement.dataset.ready = "";
}

function copying() {
  const button = byId("copy");
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId("methods-text").innerText);
    byId("copied").textContent = "Copied.";
  });
}

main();
