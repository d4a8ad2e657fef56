/* Where names go: beside their points or along their lines, over no point and no other name, rather not over lines. */

const PLACES = ["top center", "bottom center", "middle right", "middle left", "top right", "top left", "bottom right", "bottom left"];
const LETTER = 7.2;
const LINE_HEIGHT = 15;
const REACH = 9;

/** A place for each point, as plotly calls it; "" where there is none. Points of the front come first. */
function placeNames(parts, front, axes) {
  const centres = parts.points.map((point) => [pixelOf(point.x, axes.x), axes.y.pixels - pixelOf(point.y, axes.y)]);
  const taken = [...centres.map(([left, top]) => boxAround(left, top, REACH, REACH)), ...ceilingBoxes(parts, axes)];
  const lines = [...frontBoxes(front, axes), ...lineBoxes(parts, axes)];
  const places = parts.points.map(() => "");
  const order = parts.points.map((_, index) => index).sort((a, b) => front.includes(parts.points[b]) - front.includes(parts.points[a]));
  for (const index of order) {
    const best = bestPlace(centres[index], nameOf(parts.points[index].label), taken.filter((_, owner) => owner !== index), lines, axes);
    if (!best) continue;
    places[index] = best.place;
    taken.push(best.box);
  }
  return places;
}

function pixelOf(figure, axis) {
  const scaled = axis.log ? Math.log10(figure.value) : figure.value;
  return ((scaled - axis.range[0]) / (axis.range[1] - axis.range[0])) * axis.pixels;
}

/** The place that crosses the fewest lines; undefined where each one is taken or outside. */
function bestPlace(centre, name, taken, lines, axes) {
  const free = PLACES.map((place, order) => ({ place, order, box: nameBox(centre, place, name.length * LETTER) }))
    .filter(({ box }) => box.left > 0 && box.right < axes.x.pixels + 16 && box.top > -20 && box.bottom < axes.y.pixels)
    .filter(({ box }) => !taken.some((other) => overlap(box, other)));
  const cost = ({ box, order }) => lines.filter((line) => overlap(box, line)).length * 10 + order;
  return free.sort((a, b) => cost(a) - cost(b))[0];
}

/** The steps of the front, two boxes a step. */
function frontBoxes(front, axes) {
  const at = front.map((point) => [pixelOf(point.x, axes.x), axes.y.pixels - pixelOf(point.y, axes.y)]);
  return at.slice(1).flatMap(([right, bottom], index) => {
    const [left, top] = at[index];
    return [{ left, right, top: top - 1, bottom: top + 1 }, { left: right - 1, right: right + 1, top, bottom }];
  });
}

/** Lines across the plot. */
function lineBoxes(parts, axes) {
  const upright = parts.vertical.map((one) => pixelOf(one.x, axes.x)).map((x) => ({ left: x - 1, right: x + 1, top: 0, bottom: axes.y.pixels }));
  const level = parts.horizontal.map((one) => axes.y.pixels - pixelOf(one.y, axes.y)).map((y) => ({ left: 0, right: axes.x.pixels, top: y - 1, bottom: y + 1 }));
  return [...upright, ...level];
}

function ceilingBoxes(parts, axes) {
  return parts.ceilings.map((one) => boxAround(pixelOf(one.x, axes.x), axes.y.pixels - pixelOf(one.y, axes.y), REACH, 3));
}

/** Names along lines where there is room; the dashes tell them apart in the legend where there is none. */
function placeNotes(parts, places, front, axes) {
  const named = parts.points.map((point, index) => ({ point, place: places[index], centre: [pixelOf(point.x, axes.x), axes.y.pixels - pixelOf(point.y, axes.y)] }));
  const taken = named.flatMap(({ point, place, centre }) => [boxAround(...centre, REACH, REACH), ...(place ? [nameBox(centre, place, nameOf(point.label).length * LETTER)] : [])]);
  taken.push(...ceilingBoxes(parts, axes));
  const notes = [];
  for (const [line, upright] of [...parts.vertical.map((one) => [one, true]), ...parts.horizontal.map((one) => [one, false])]) {
    const lines = [...lineBoxes(parts, axes), ...frontBoxes(front, axes)];
    const box = noteBoxes(line, upright, axes).find((one) => ![...taken, ...lines].some((other) => overlap(one, other)));
    if (!box) continue;
    taken.push(box);
    notes.push({ label: line.label, box, upright });
  }
  return notes;
}

/** Where a line's name may stand: on either side, at its end, its start, or between. */
function noteBoxes(line, upright, axes) {
  const long = nameOf(line.label).length * LETTER;
  const [room, at] = upright ? [axes.y.pixels, pixelOf(line.x, axes.x)] : [axes.x.pixels, axes.y.pixels - pixelOf(line.y, axes.y)];
  const starts = [upright ? 2 : room - long - 2, upright ? room - long - 2 : 2, (room - long) / 2, room / 4, (3 * room) / 4 - long];
  const sides = upright ? [at + 2, at - LINE_HEIGHT - 1] : [at - LINE_HEIGHT - 1, at + 2];
  const boxes = starts.flatMap((start) => sides.map((side) => (upright ? { left: side, right: side + LINE_HEIGHT, top: start, bottom: start + long } : { left: start, right: start + long, top: side, bottom: side + LINE_HEIGHT })));
  return boxes.filter((box) => box.left >= 0 && box.top >= 0 && box.right <= axes.x.pixels && box.bottom <= axes.y.pixels);
}

function boxAround(left, top, wide, high) {
  return { left: left - wide, right: left + wide, top: top - high, bottom: top + high };
}

function nameBox([left, top], place, width) {
  const x = place.endsWith("right") ? left + REACH + 1 : place.endsWith("left") ? left - REACH - 1 - width : left - width / 2;
  const y = place.startsWith("top") ? top - REACH - LINE_HEIGHT : place.startsWith("bottom") ? top + REACH : top - LINE_HEIGHT / 2;
  return { left: x, right: x + width, top: y, bottom: y + LINE_HEIGHT };
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
