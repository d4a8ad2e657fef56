/* The legend: a button a format, which hides and shows it; by keyboard, and with the symbol beside the name. */

/** Buttons for labels in their sections; ``lines``: those that are drawn as lines; ``hidden``: a set of labels,
 *  and ``onchange`` is called when it changed. */
function legendOf(labels, lines, hidden, onchange) {
  const groups = ["formats", "libraries", "ceilings", "bounds"].map((section) => [section, labels.filter((label) => markOf(label).section === section)]);
  return groups
    .filter(([, own]) => own.length)
    .map(([section, own]) => [
      el("p", { class: "legend-title" }, sectionTitle(section)),
      el("ul", { class: "legend" }, own.map((label) => el("li", {}, legendButton(label, lines.has(label), hidden, onchange)))),
    ])
    .flat();
}

function sectionTitle(section) {
  const words = { libraries: "Libraries (a line where they have one of the figures only)" };
  return words[section] || section[0].toUpperCase() + section.slice(1);
}

function legendButton(label, line, hidden, onchange) {
  const button = el("button", { type: "button", "aria-pressed": String(!hidden.has(label)) }, line ? lineSwatch(label) : swatch(label), nameOf(label));
  button.addEventListener("click", () => {
    if (!hidden.delete(label)) hidden.add(label);
    button.setAttribute("aria-pressed", String(!hidden.has(label)));
    onchange();
  });
  return button;
}
