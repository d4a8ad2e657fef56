/* What is no trade: a line a row with a dot where its figure is, and the figure as text beside it. */

const PRINTED = 40; // rows that go on paper; style.css hides the others

function startStrips() {
  for (const chart of report.charts) {
    const place = document.querySelector(`[data-chart="${chart.file}"]`);
    const strips = new Strips(chart, place);
    strips.draw();
    const owns = (name) => name.startsWith(`${chart.file}.`);
    keepInAddress({ owns, write: (params) => strips.write(params), read: (params) => strips.read(params) });
  }
}

class Strips {
  constructor(chart, place) {
    this.chart = chart;
    this.place = place;
    this.sheet = sheets.get(chart.file);
    this.strip = chart.strips[0];
    this.matrix = "";
    this.choice = {};
  }

  draw() {
    keepingFocus(this.place, () => {
      const controls = el("div", { class: "controls" }, this.fields());
      const rows = this.rows();
      const more = rows.length > PRINTED ? el("p", { class: "printed" }, `${plain(rows.length)} rows, of which the first ${PRINTED} are on paper: choose one matrix, and print again.`) : "";
      this.place.replaceChildren(controls, this.table(rows), more);
    });
  }

  /** What is not as at first, for the address. */
  write(params) {
    const { file } = this.chart;
    if (this.strip !== this.chart.strips[0]) params.set(`${file}.figure`, this.strip.column);
    if (this.matrix !== "") params.set(`${file}.matrix`, matrixName(Number(this.matrix)));
    for (const [name, values] of this.choices()) if (this.choice[name] !== values[0]) params.set(`${file}.${name}`, this.choice[name]);
  }

  /** Takes the choices of an address. */
  read(params) {
    const { file, strips } = this.chart;
    const unknown = [];
    const names = report.matrices.map((_, index) => matrixName(index));
    const figure = chosenOf(params, `${file}.figure`, strips.map((strip) => strip.column), strips[0].column, unknown);
    const matrix = chosenOf(params, `${file}.matrix`, names, "", unknown);
    this.strip = strips.find((strip) => strip.column === figure);
    this.matrix = matrix === "" ? "" : String(names.indexOf(matrix));
    for (const [name, values] of this.choices()) this.choice[name] = chosenOf(params, `${file}.${name}`, values, values[0], unknown);
    this.draw();
    return unknown;
  }

  fields() {
    const change = (use) => (value) => {
      use(value);
      this.draw();
      chose(`${this.chart.file}-chart`);
    };
    const strips = this.chart.strips.map((strip, index) => [String(index), strip.title]);
    return [
      selectField("Figure", strips, String(this.chart.strips.indexOf(this.strip)), change((value) => (this.strip = this.chart.strips[Number(value)]))),
      this.matrixField(change),
      ...this.choiceFields(change),
    ];
  }

  matrixField(change) {
    const there = matrixOptions().filter(([index]) => this.sheet.of(Number(index)).length);
    return there.length > 1 ? selectField("Matrix", [["", `all (${there.length})`], ...there], this.matrix, change((value) => (this.matrix = value))) : "";
  }

  /** What is left to choose, with its values. */
  choices() {
    const names = this.sheet.splits.filter((name) => !this.chart.lines.includes(name));
    return names.map((name) => [name, this.sheet.valuesOf(name)]).filter(([, values]) => values.length > 1);
  }

  choiceFields(change) {
    return this.choices().map(([name, values]) => {
      if (!values.includes(this.choice[name])) this.choice[name] = values[0];
      return selectField(CHOICE_TITLES[name] || name, values.map((value) => [value, value]), this.choice[name], change((value) => (this.choice[name] = value)));
    });
  }

  /** The rows under the choices made, matrix by matrix. */
  rows() {
    const all = this.matrix === "" ? report.matrices.map((_, index) => index) : [Number(this.matrix)];
    return all.flatMap((matrix) => this.sheet.of(matrix)).filter((row) => isChosen(this.sheet, row, this.choice));
  }

  table(rows) {
    const scale = this.scale(rows);
    const lines = this.chart.lines.filter((name) => this.sheet.valuesOf(name).length > 1);
    const ends = scale ? [scale.low, scale.high].map((value) => el("span", {}, human(value, this.strip.kind))) : [];
    const head = ["Matrix", "Format", ...lines].map((title) => el("th", { scope: "col" }, title));
    head.push(el("th", { scope: "col", class: "track" }, el("span", { class: "unseen" }, "Position"), el("span", { class: "scale" }, ends)));
    head.push(el("th", { scope: "col", class: "figure" }, this.strip.title));
    if (this.beside()) head.push(el("th", { scope: "col", class: "figure" }, this.beside().title));
    const body = rows.map((row) => this.line(row, lines, scale));
    const title = `${this.chart.title}: ${this.strip.title}`;
    return el("div", { class: "box", tabindex: "0", role: "region", "aria-label": title }, el("table", { class: "strip" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
  }

  /** The figure without which the chosen one may not stand. */
  beside() {
    return this.strip.column === this.chart.beside ? undefined : this.chart.strips.find((strip) => strip.column === this.chart.beside);
  }

  /** From the smallest to the largest figure; logarithmic where they are far apart. */
  scale(rows) {
    const { column, before, low, high } = this.strip;
    const names = [column, before, low, high].filter(Boolean);
    const values = rows.filter((row) => this.sheet.ok(row)).flatMap((row) => names.map((name) => this.sheet.number(name, row))).filter((value) => value !== null);
    if (!values.length) return null;
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const log = least > 0 && most / least > 30;
    const from = log || least < 0 ? least : 0;
    const place = (value) => (log ? Math.log(value / from) / Math.log(most / from || 1) : (value - from) / (most - from || 1)) * 100;
    return { low: from, high: most, log, place };
  }

  line(row, lines, scale) {
    const { sheet, strip } = this;
    const label = sheet.labels[row];
    const open = el("button", { type: "button", class: "link", onclick: () => showDetails([[sheet.file, row]]) }, rowName(sheet, row));
    const value = sheet.ok(row) ? sheet.number(strip.column, row) : null;
    const before = strip.before ? sheet.number(strip.before, row) : null;
    const words = value === null ? sheet.text("status", row) : human(value, strip.kind);
    const text = value !== null && before !== null ? `${human(before, strip.kind)} → ${words}` : words;
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, matrixName(sheet.matrices[row])),
      el("td", {}, swatch(label), " ", open),
      lines.map((name) => el("td", {}, sheet.text(name, row))),
      value === null ? el("td", { class: "track" }, el("span", { class: "reason" }, sheet.text("reason", row))) : el("td", { class: "track", "aria-hidden": "true" }, this.lane(row, label, scale, value, before)),
      el("td", { class: "figure" }, text),
      this.beside() ? el("td", { class: "figure" }, human(sheet.number(this.beside().column, row), this.beside().kind)) : null,
    );
  }

  lane(row, label, scale, value, before) {
    const { sheet, strip } = this;
    const [low, high] = [strip.low, strip.high].map((name) => (name ? sheet.number(name, row) : null));
    const ends = before !== null ? [before, value] : low !== null && high !== null ? [low, high] : null;
    const lane = el("div", { class: "lane" });
    if (ends) {
      const [left, right] = ends.map(scale.place).sort((a, b) => a - b);
      lane.append(el("span", { class: "span", style: `left: ${left}%; width: ${right - left}%` }));
    }
    if (before !== null) lane.append(el("span", { class: "before", style: `left: ${scale.place(before)}%` }));
    const dot = swatch(label);
    dot.style.left = `${scale.place(value)}%`;
    lane.append(dot);
    return lane;
  }
}
