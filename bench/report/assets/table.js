/* All rows of a file: sorted, filtered, downloaded. Only the rows in view are elements, so that many are no burden. */

const ROW_HEIGHT = 34;
const SPARE = 12;
const ROW_CHOICES = { words: "text", dataset: "matrix" }; // what a filter is called in the address

class RowsTable {
  constructor() {
    this.box = byId("rows-box");
    this.filter = { words: "", dataset: "", format: "", status: "" };
    this.box.addEventListener("scroll", later(() => this.fill()), { passive: true });
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    const resized = () => {
      this.stick();
      this.fill();
    };
    new ResizeObserver(later(resized)).observe(this.box);
    this.usual = [...sheets.keys()].find((file) => sheets.get(file).count) || "";
    this.open(this.usual);
    keepInAddress({ owns: (name) => name.startsWith("rows."), write: (params) => this.write(params), read: (params) => this.read(params) });
  }

  /** What is not as at first, for the address. */
  write(params) {
    const { name, down } = this.sorted;
    const choices = { file: this.sheet.file === this.usual ? "" : this.sheet.file, ...this.filter, sort: name && (down ? "-" : "") + name };
    for (const [key, value] of Object.entries(choices)) if (value) params.set(`rows.${ROW_CHOICES[key] || key}`, value);
  }

  /** Takes the choices of an address. */
  read(params) {
    const unknown = [];
    const file = chosenOf(params, "rows.file", [...sheets.keys()], this.usual, unknown);
    const values = (name) => sheets.get(file).valuesOf(name);
    this.filter = { words: params.get("rows.text") || "" };
    for (const name of ["dataset", "format", "status"]) this.filter[name] = chosenOf(params, `rows.${ROW_CHOICES[name] || name}`, values(name), "", unknown);
    const columns = sheets.get(file).names.flatMap((name) => [name, `-${name}`]);
    const sort = chosenOf(params, "rows.sort", columns, "", unknown);
    this.open(file, { name: sort.replace(/^-/, ""), down: sort.startsWith("-") });
    return unknown;
  }

  open(file, sorted = { name: "", down: false }) {
    this.sheet = sheets.get(file);
    this.names = columnOrder(this.sheet);
    this.sorted = sorted;
    this.hay = null;
    for (const name of ["dataset", "format", "status"]) if (!this.sheet.valuesOf(name).includes(this.filter[name])) this.filter[name] = "";
    this.drawControls();
    this.drawFrame();
    this.update();
  }

  drawControls() {
    const files = [...sheets].map(([file, sheet]) => [file, `${file}.csv (${plain(sheet.count)})`]);
    const search = el("input", { type: "search", id: newId(), value: this.filter.words, oninput: () => this.setFilter("words", search.value) });
    const list = (title, name) => {
      const values = this.sheet.valuesOf(name).map((value) => [value, value]);
      return selectField(title, [["", "all"], ...values], this.filter[name], (value) => this.setFilter(name, value));
    };
    const fields = [
      selectField("File", files, this.sheet.file, (file) => {
        this.open(file);
        chose("rows");
      }),
      labelled("Text in a row", search),
      list("Matrix", "dataset"),
      list("Format", "format"),
      list("Status", "status"),
      el("button", { type: "button", onclick: () => this.save() }, "Download these rows (CSV)"),
    ];
    keepingFocus(byId("rows-controls"), () => byId("rows-controls").replaceChildren(...fields));
  }

  setFilter(name, value) {
    const typing = name === "words" && this.filter.words !== "" && value !== "";
    this.filter[name] = value;
    this.update();
    chose("rows", typing);
  }

  drawFrame() {
    const { sheet, names } = this;
    const widths = names.map((name) => columnWidth(sheet, name));
    const columns = widths.map((width) => el("col", { style: `width: calc(${width}ch + 1.6rem)` }));
    const head = names.map((name, index) => {
      const arrow = el("span", { class: "arrow", "aria-hidden": "true" });
      const button = el("button", { type: "button", onclick: () => this.sortBy(name) }, sheet.isNumber(name) ? [arrow, name] : [name, arrow]);
      return el("th", { scope: "col", class: sheet.isNumber(name) ? "figure" : null, "aria-colindex": index + 1 }, button);
    });
    this.head = el("tr", { "aria-rowindex": 1 }, head);
    this.body = el("tbody");
    const width = `calc(${widths.reduce((sum, one) => sum + one, 0)}ch + ${names.length * 1.6}rem)`;
    this.table = el("table", { class: "sheet", style: `width: ${width}` }, el("colgroup", {}, columns), el("thead", {}, this.head), this.body);
    this.box.replaceChildren(this.table);
    this.stick();
    this.box.scrollTo(0, 0);
  }

  /** The second column sticks where the first one ends; in pixels, as headings have another font than fields. */
  stick() {
    this.box.style.setProperty("--first", `${this.head.firstChild.offsetWidth}px`);
  }

  sortBy(name) {
    this.sorted = { name, down: this.sorted.name === name && !this.sorted.down };
    this.update();
    chose("rows");
  }

  /** The rows that are shown, in their order. */
  update() {
    const { sheet, filter } = this;
    this.rows = [];
    const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean);
    for (let row = 0; row < sheet.count; row++) if (this.isShown(row, words)) this.rows.push(row);
    if (this.sorted.name) this.rows.sort(this.comparison());
    this.markSorted();
    const all = this.rows.length === sheet.count;
    byId("rows-count").textContent = all ? `${plain(sheet.count)} rows` : `${plain(this.rows.length)} of ${plain(sheet.count)} rows`;
    this.table.setAttribute("aria-rowcount", this.rows.length + 1);
    this.shown = new Map();
    this.body.replaceChildren(this.spacer(), this.spacer());
    this.box.scrollTop = 0;
    this.fill();
  }

  isShown(row, words) {
    const { sheet, filter } = this;
    for (const name of ["dataset", "format", "status"]) if (filter[name] && sheet.text(name, row) !== filter[name]) return false;
    if (!words.length) return true;
    this.hay ||= this.haystack();
    return words.every((word) => this.hay[row].includes(word));
  }

  haystack() {
    const names = this.sheet.names.filter((name) => !this.sheet.isNumber(name));
    return Array.from({ length: this.sheet.count }, (_, row) => [this.sheet.labels[row], ...names.map((name) => this.sheet.text(name, row))].join(" ").toLowerCase());
  }

  /** Empty fields stand at the end whatever the direction; equal ones keep the file's order. */
  comparison() {
    const { sheet } = this;
    const { name, down } = this.sorted;
    const sign = down ? -1 : 1;
    const value = sheet.isNumber(name) ? (row) => sheet.number(name, row) : (row) => sheet.text(name, row) || null;
    const order = sheet.isNumber(name) ? (a, b) => a - b : inOrder;
    const values = new Map(this.rows.map((row) => [row, value(row)]));
    return (a, b) => {
      const [one, other] = [values.get(a), values.get(b)];
      if (one === null || other === null) return (one === null) - (other === null) || a - b;
      return sign * order(one, other) || a - b;
    };
  }

  markSorted() {
    const { name, down } = this.sorted;
    [...this.head.children].forEach((cell, index) => {
      const here = this.names[index] === name;
      if (here) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
      cell.querySelector(".arrow").textContent = here ? (down ? "↓" : "↑") : "";
    });
  }

  spacer() {
    return el("tr", { class: "spacer", "aria-hidden": "true" }, el("td", { colspan: this.names.length }));
  }

  /** Makes the rows in view, and takes those away that are not. */
  fill() {
    const height = this.box.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(this.rows.length, first + Math.ceil(height / ROW_HEIGHT) + 2 * SPARE);
    for (const [index, line] of this.shown) {
      if (index >= first && index < last) continue;
      if (line.contains(document.activeElement)) this.box.focus({ preventScroll: true });
      line.remove();
      this.shown.delete(index);
    }
    const bottom = this.body.lastChild;
    let next = this.body.firstChild.nextSibling;
    for (let index = first; index < last; index++) {
      const known = this.shown.get(index);
      if (known) next = known.nextSibling;
      else {
        const line = this.line(index);
        this.shown.set(index, line);
        this.body.insertBefore(line, next);
      }
    }
    this.body.firstChild.firstChild.style.height = `${first * ROW_HEIGHT}px`;
    bottom.firstChild.style.height = `${(this.rows.length - last) * ROW_HEIGHT}px`;
  }

  line(index) {
    const row = this.rows[index];
    return el("tr", { "aria-rowindex": index + 2 }, this.names.map((name) => fieldOf(this.sheet, name, row)));
  }

  /** Arrow keys go from row to row once a row has the focus. */
  onKey(event) {
    const line = document.activeElement.closest("tbody tr");
    if (!line || event.ctrlKey || event.altKey || event.metaKey) return;
    const now = Number(line.getAttribute("aria-rowindex")) - 2;
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW_HEIGHT) - 2);
    const steps = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page, Home: 0, End: this.rows.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.focusRow(Math.min(this.rows.length - 1, Math.max(0, steps[event.key])));
  }

  focusRow(index) {
    const head = this.head.offsetHeight;
    const top = index * ROW_HEIGHT;
    const room = this.box.clientHeight - head - ROW_HEIGHT;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top > this.box.scrollTop + room) this.box.scrollTop = top - room;
    this.box.focus({ preventScroll: true });
    this.fill();
    this.shown.get(index)?.querySelector("button").focus({ preventScroll: true });
  }

  /** The rows that are shown as CSV: all columns in the file's order, texts as in the file. */
  csv() {
    const { names } = this.sheet;
    const lines = [names, ...this.rows.map((row) => names.map((name) => this.sheet.text(name, row)))];
    return lines.map((fields) => `${fields.map(csvField).join(",")}\n`).join("");
  }

  save() {
    const part = this.rows.length === this.sheet.count ? "" : "-part";
    download(`${this.sheet.file}${part}.csv`, this.csv(), "text/csv;charset=utf-8");
  }
}

function csvField(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
