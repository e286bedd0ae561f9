// A dilemma's options with what was chosen, and each answer with its prompt and raw text.
function scale(labels) {
  const last = labels.length - 1;
  return labels.map((text, place) => ({ option: place, score: 1 - (2 * place) / last, side: "", text }));
}

function facts(entries) {
  return el(
    "dl",
    { class: "facts" },
    entries.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))),
  );
}

function tally(options, answers, title) {
  if (!options.length) return null;
  const line = ({ option, score, side, text }) => {
    const times = answers.filter((one) => one.option === option).length;
    return el(
      "tr",
      { class: times ? "chosen" : null },
      el("td", { class: "n" }, signed(score)),
      el("td", {}, text, side ? el("small", {}, side) : null),
      el("td", { class: "n" }, times ? `${times} of ${answers.length}` : "–"),
    );
  };
  return el(
    "div",
    { class: "scroll" },
    el(
      "table",
      { class: "tally" },
      el("caption", { class: "hidden" }, `${title}: the options and how often each was chosen`),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col", class: "n" }, "score"),
          el("th", { scope: "col" }, "option"),
          el("th", { scope: "col", class: "n" }, "chosen"),
        ),
      ),
      el("tbody", {}, options.map(line)),
    ),
  );
}

function answer(one, options, scenario) {
  const chosen = options.find(({ option }) => option === one.option);
  const given =
    one.score == null
      ? el("span", { class: "missing" }, `missing: ${one.problem}`)
      : [one.letter, chosen?.text].filter(Boolean).join(". ");
  const details = el(
    "details",
    {},
    el("summary", {}, one.calls.length > 1 ? `Prompts and raw answers of ${one.calls.length} calls` : "Prompt and raw answer"),
  );
  details.addEventListener("toggle", () => details.append(...sent(one, scenario)), { once: true });
  return el(
    "article",
    { class: "answer" },
    el(
      "p",
      {},
      el("small", {}, `repeat ${one.repeat + 1}`),
      " ",
      given,
      one.score == null ? null : el("span", { class: "score" }, ` ${signed(one.score)}`),
    ),
    one.reasoning == null ? null : el("blockquote", {}, one.reasoning),
    one.reused ? el("p", { class: "quiet" }, `taken over from ${one.reused}, where the same question was asked`) : null,
    details,
  );
}

function sent(one, scenario) {
  if (!one.calls.length) {
    return [el("p", { class: "quiet" }, "The prompt was sent in another run, which is not beside this one."), raw("raw answer", scenario.text(one.text))];
  }
  return one.calls.flatMap((call, number) => [
    el("h4", {}, one.calls.length > 1 ? `Call ${number + 1}, as sent` : "As sent"),
    call.messages.map(([role, numbers]) => raw(role, scenario.message(numbers))),
    el("h4", {}, "As it came back"),
    raw("raw answer", scenario.text(call.text)),
    facts([
      ["ended by", call.finish_reason],
      ["temperature", call.temperature],
      ["top_p", call.top_p],
      ["top_k", call.top_k],
      ["seed", call.seed],
      ["at most", counted(call.max_tokens, "token")],
      ["prompt", counted(call.prompt_tokens, "token")],
      ["answer", counted(call.output_tokens, "token")],
    ]),
    call.constraint == null
      ? el("p", { class: "quiet" }, "Decoding was free.")
      : el("details", {}, el("summary", {}, "Constraint"), raw("regular expression", scenario.text(call.constraint))),
  ]).flat();
}

function raw(label, text) {
  return el("figure", { class: "raw" }, el("figcaption", {}, label), el("pre", {}, text));
}
