// What the page holds is gzipped JSON in base64, opened piece by piece.
async function unpack(id) {
  const packed = atob(byId(`packed-${id}`).textContent.trim());
  const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
  const opened = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(opened).text());
}

// A table comes as a list a column and is read as an object a row.
function rows(table) {
  const names = Object.keys(table);
  return table[names[0]].map((_, place) =>
    Object.fromEntries(names.map((name) => [name, table[name][place]])),
  );
}

let sharedBlocks = null;

// A scenario's dilemma, answers and prompts, and how a prompt is put together again: a message is
// its blocks, joined by the blank lines it was parted at. Blocks below 0 are the scenario's own.
async function openScenario(place) {
  sharedBlocks ??= unpack("blocks");
  const [shared, scenario] = await Promise.all([sharedBlocks, unpack(`scenario-${place}`)]);
  const own = scenario.answers.flatMap((answer) => answer.blocks);
  const text = (number) => (number < 0 ? own[-1 - number] : shared[number]);
  return { ...scenario, text, message: (numbers) => numbers.map(text).join("\n\n") };
}
