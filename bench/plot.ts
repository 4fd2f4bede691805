/** Line charts as SVG, with logarithmic axes, drawn so that they can be read on a light and on a dark page. */

export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  title: string;
  xTitle: string;
  yTitle: string;
  series: readonly Series[];
}

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 48;
const COLOURS = ["#2f6fde", "#d9572b", "#2a9d5c", "#8f5bd0", "#8a8f98"];
const GREY = "#8a8f98";

/** @throws RangeError for a value that a logarithmic axis has no place for */
export function lineChart({ title, xTitle, yTitle, series }: Chart): string {
  const points = series.flatMap(({ points }) => points);
  if (points.length === 0 || points.some(([x, y]) => !(x > 0 && y > 0))) {
    throw new RangeError(`Cannot draw '${title}': expected values above 0`);
  }
  const x = axis(points.map(([x]) => x), LEFT, WIDTH - RIGHT);
  const y = axis(points.map(([, y]) => y), HEIGHT - BOTTOM, TOP);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${GREY}">`,
    `<title>${escape(title)}</title>`,
    text(LEFT, 20, title, 'font-size="14" font-weight="bold"'),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, xTitle, 'text-anchor="middle"'),
    `<text transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${
      escape(yTitle)
    }</text>`,
    ...x.ticks.map((tick) =>
      grid(x.place(tick), "x") + text(x.place(tick), HEIGHT - BOTTOM + 16, label(tick), 'text-anchor="middle"')
    ),
    ...y.ticks.map((tick) =>
      grid(y.place(tick), "y") + text(LEFT - 6, y.place(tick) + 4, label(tick), 'text-anchor="end"')
    ),
    ...series.map((each, index) => curve(each, COLOURS[index % COLOURS.length]!, x.place, y.place)),
    ...legend(series),
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}

/** From the power of ten at or below the least value to that at or above the greatest. */
function axis(values: number[], start: number, end: number) {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const place = (value: number) => round(start + (Math.log10(value) - low) / (high - low) * (end - start));
  return { ticks, place };
}

/** One value alone is a dot. */
function curve(
  { points }: Series,
  colour: string,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const path = points.map((point) => `${x(point[0])},${y(point[1])}`).join(" ");
  const dots = points.map((point) => dot(x(point[0]), y(point[1]), colour));
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}`;
}

function legend(series: readonly Series[]): string[] {
  const left = WIDTH - RIGHT + 14;
  return series.map(({ name, points }, index) => {
    const top = TOP + 10 + index * 20;
    const colour = COLOURS[index % COLOURS.length]!;
    const line = points.length > 1 ? `<path d="M${left} ${top}h22" stroke="${colour}" stroke-width="2"/>` : "";
    return line + dot(left + 11, top, colour) + text(left + 28, top + 4, name);
  });
}

function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
}

function grid(at: number, axis: "x" | "y"): string {
  const path = axis === "x" ? `M${at} ${TOP}V${HEIGHT - BOTTOM}` : `M${LEFT} ${at}H${WIDTH - RIGHT}`;
  return `<path d="${path}" stroke="${GREY}" stroke-opacity="0.3"/>`;
}

function text(x: number, y: number, words: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escape(words)}</text>`;
}

function label(value: number): string {
  return value.toLocaleString("en-GB", { maximumFractionDigits: 3 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
