/* Where a figure comes from: row, commit, machine, matrix, code, and the command that measures it again. */

/** Shows rows, as [[file, row], ...]; the first one names the dialog. */
function showDetails(rows) {
  const dialog = byId("details");
  const [file, row] = rows[0];
  const sheet = sheets.get(file);
  const label = sheet.labels[row];
  const title = el("h2", { id: "details-title" }, swatch(label), ` ${rowName(sheet, row)} on ${sheet.text("dataset", row)}`);
  const close = el("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const parts = rows.flatMap(([one, index]) => rowParts(sheets.get(one), index));
  dialog.replaceChildren(
    el("div", { class: "sheet-top" }, title, close),
    el("div", { class: "sheet-body" }, parts, matrixParts(sheet.matrices[row])),
  );
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  dialog.showModal();
  dialog.scrollTop = 0;
  close.focus();
}

const TOLD_APART = new Set(["dataset", "matrix_sha256", "source", "format", "params", "n", "m", "nnz", "machine"]);

function rowParts(sheet, row) {
  const figures = sheet.names.filter((name) => !TOLD_APART.has(name)).map((name) => [name, sheet.text(name, row)]);
  const machine = sheet.text("machine", row);
  const command = commandOf(sheet, row);
  return [
    el("h3", {}, `This row of ${sheet.file}.csv`),
    pairsList(figures),
    el("h3", {}, "File"),
    pairsList([...fileParts(sheet.file), ["machine", machine || "any: this figure does not depend on it"]]),
    machine && report.origin.machines[machine] ? machineParts(machine) : null,
    command ? [el("h3", {}, "Measure it again"), commandParts(command)] : null,
  ].flat();
}

/** Path, commit and state of a results file. */
function fileParts(file) {
  const known = report.origin.files[file];
  const head = report.origin.commit;
  return [
    ["path", known.path],
    ["state", known.state || "in no repository"],
    ["last changed in", known.commit ? commitText(known.commit) : null],
    ["checkout at", head ? commitText(head) : null],
  ];
}

function commitText(commit) {
  return `${commit.short} of ${commit.date.slice(0, 10)}: ${commit.subject}`;
}

function machineParts(name) {
  const known = Object.entries(report.origin.machines[name]).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]);
  return el("details", {}, el("summary", {}, `What is known of ${name}`), pairsList(known));
}

function matrixParts(index) {
  const matrix = report.matrices[index];
  const files = report.origin.inputs[matrix.sha256] || [];
  return [
    el("h3", {}, "Matrix"),
    pairsList([
      ["name", matrix.dataset],
      ["shape", matrix.shape],
      ["nonzeros", matrix.nnz === null ? null : plain(matrix.nnz)],
      ["distinct values", matrix.distinct === null ? null : plain(matrix.distinct)],
      ["source", `${matrix.source}: ${report.sources[matrix.source] || "not known to this version"}`],
      ["hash of its content", matrix.sha256],
      ...files.map((file) => [`sha256 of the file (${file.source})`, file.sha256]),
    ]),
  ];
}

/** The command line that measures a row's cell; null for what this version cannot measure. */
function commandOf(sheet, row) {
  if (!report.metrics.includes(sheet.file)) return null;
  const format = sheet.text("format", row);
  const words = ["dotbench", "run", "--datasets", sheet.text("dataset", row)];
  const about = format.startsWith("ceiling:") ? sheet.text("params", row).replace(/^format=/, "") : sheet.labels[row];
  if (!format.startsWith("bound:")) words.push("--formats", about);
  words.push("--metrics", sheet.file);
  for (const name of ["batch", "threads", "cache"]) {
    if (sheet.names.includes(name) && sheet.text(name, row)) words.push(`--${name}`, sheet.text(name, row));
  }
  return words.map(shellWord).join(" ");
}

/** A word as a shell takes it; control characters are spelled, for some would end a paste. */
function shellWord(word) {
  if (/[\u0000-\u001f\u007f-\u009f]/.test(word)) return `$'${word.replace(/[\\']/g, "\\$&").replace(/[\u0000-\u001f\u007f-\u009f]/g, spelled)}'`;
  return /^[\w@%+=:,./~-]+$/.test(word) && !word.startsWith("~") ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function spelled(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function commandParts(command) {
  const copy = el("button", { type: "button" }, "Copy");
  copy.addEventListener("click", () => {
    navigator.clipboard?.writeText(command).then(() => (copy.textContent = "Copied"), () => (copy.textContent = "Select it by hand"));
  });
  return el("div", { class: "command" }, el("code", {}, command), navigator.clipboard ? copy : null);
}
