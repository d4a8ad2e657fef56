/* Files, commits, machines and matrices of all figures. */

function startOrigin() {
  const { origin } = report;
  const head = origin.commit ? [el("p", {}, `Checkout at ${commitText(origin.commit)}`)] : [el("p", {}, "These files are in no repository: no commit is known.")];
  byId("origin-body").replaceChildren(
    ...head,
    ...origin.notes.map((note) => el("p", { class: "quiet" }, note)),
    el("h3", {}, "Files"),
    plainTable("Files", ["File", "Rows", "Path", "State", "Last changed in"], fileRows()),
    el("h3", {}, "Machines"),
    ...machineList(),
    el("h3", {}, "Matrices"),
    plainTable("Matrices", ["Matrix", "Shape", "Source", "Hash of the content", "sha256 of the file"], matrixRows()),
  );
}

function fileRows() {
  return [...sheets].map(([file, sheet]) => {
    const known = report.origin.files[file];
    return [`${file}.csv`, plain(sheet.count), known.path, known.state || "in no repository", known.commit ? commitText(known.commit) : ""];
  });
}

function machineList() {
  const names = new Set();
  for (const sheet of sheets.values()) if (sheet.names.includes("machine")) sheet.valuesOf("machine").forEach((name) => name && names.add(name));
  if (!names.size) return [el("p", {}, "No figure here depends on a machine.")];
  return [...names].map((name) => {
    if (report.origin.machines[name]) return el("div", {}, machineParts(name));
    return el("p", {}, el("code", {}, name), ": no more than its name is known here; the journal of that machine knows more.");
  });
}

function matrixRows() {
  return report.matrices.map((matrix, index) => {
    const files = (report.origin.inputs[matrix.sha256] || []).map((file) => file.sha256.slice(0, 12));
    return [matrixName(index), matrix.shape, `${matrix.source}: ${report.sources[matrix.source] || ""}`, matrix.sha256.slice(0, 12), files.join(", ") || "not in the journal"];
  });
}

function plainTable(title, head, rows) {
  const titles = el("tr", {}, head.map((text) => el("th", { scope: "col" }, text)));
  const lines = rows.map((row) => el("tr", {}, row.map((text, index) => el(index ? "td" : "th", index ? {} : { scope: "row" }, el("span", { class: "cell" }, text)))));
  return el("div", { class: "box wrap", tabindex: "0", role: "region", "aria-label": title }, el("table", { class: "plain" }, el("thead", {}, titles), el("tbody", {}, lines)));
}
