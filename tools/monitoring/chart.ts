/** One line of a chart: its name, and its points as `[seconds, value]`. */
export interface Series {
  name: string;
  points: [number, number][];
}

export interface Chart {
  title: string;
  unit: string;
  /** Whether the series are laid upon each other. */
  stacked: boolean;
  series: Series[];
}

const COLOURS = ["#5794f2", "#73bf69", "#f2495c", "#ff9830", "#b877d9", "#fade2a", "#8ab8ff", "#c4162a", "#37872d"];
const WIDTH = 400;
const HEIGHT = 200;
const PLOT = { left: 56, top: 30, width: WIDTH - 70, height: 110 };
const MOST_SERIES = 8;
/** Grafana's units: how they are shown, and how much of them is shown as one. */
const UNITS: Record<string, { suffix: string; per?: number }> = {
  bytes: { suffix: " MiB", per: 2 ** 20 },
  s: { suffix: " s" },
  reqps: { suffix: "/s" },
  ops: { suffix: "/s" },
};

/** Draws charts side by side, in rows of `columns`, over the times (seconds) at which there may be points. */
export function drawCharts(charts: Chart[], { columns, times }: { columns: number; times: number[] }): string {
  const rows = Math.ceil(charts.length / columns);
  const size = `width="${columns * WIDTH}" height="${rows * HEIGHT}"`;
  const panels = charts.map((chart, i) => {
    const [x, y] = [(i % columns) * WIDTH, Math.floor(i / columns) * HEIGHT];
    return `<g transform="translate(${x} ${y})">${panel(chart, times)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="10" fill="#555">` +
    `<rect width="100%" height="100%" fill="#f4f5f5"/>${panels.join("\n")}</svg>\n`;
}

function panel({ title, unit, stacked, series }: Chart, times: number[]): string {
  const [start, end] = [times[0]!, times.at(-1)!];
  const { suffix, per = 1 } = UNITS[unit] ?? { suffix: "" };
  const shown = series.filter(({ points }) => !stacked || points.some(([, value]) => value > 0))
    .slice(0, MOST_SERIES)
    .map(({ name, points }): Series => ({ name, points: points.map(([time, value]) => [time, value / per]) }));
  const laid = stacked ? stack(shown, times) : shown;
  const top = ceiling(Math.max(0, ...laid.flatMap(({ points }) => points.map(([, value]) => value))));
  const x = (time: number) => round(PLOT.left + PLOT.width * (time - start) / (end - start));
  const y = (value: number) => round(PLOT.top + PLOT.height * (1 - value / top));
  const line = ({ points }: Series) =>
    points.map(([time, value], i) => `${i ? "L" : "M"}${x(time)} ${y(value)}`).join("");
  const area = (upper: Series, lower: Series | undefined) => {
    const below = lower?.points ?? upper.points.map(([time]): [number, number] => [time, 0]);
    return `${line(upper)}L${[...below].reverse().map(([time, value]) => `${x(time)} ${y(value)}`).join("L")}Z`;
  };
  const drawn = laid.map((each, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = `<path d="${line(each)}" fill="none" stroke="${colour}" stroke-width="1.2"/>`;
    return stacked ? `<path d="${area(each, laid[i - 1])}" fill="${colour}" opacity=".25"/>${path}` : path;
  });
  return `<rect x="4" y="4" width="${WIDTH - 8}" height="${HEIGHT - 8}" rx="3" fill="#fff"/>` +
    `<text x="14" y="20" font-size="12" fill="#222">${escaped(title)}</text>` +
    grid(top, suffix, y) + drawn.join("") + legend(shown) +
    `<text x="${PLOT.left}" y="152">0 s</text><text x="${WIDTH - 14}" y="152" text-anchor="end">${
      round(end - start)
    } s</text>`;
}

/** Sums of each series and those before it. Where Prometheus gives no value, there is none to add. */
function stack(series: Series[], times: number[]): Series[] {
  const sums = new Map(times.map((time) => [time, 0]));
  return series.map(({ name, points }) => {
    for (const [time, value] of points) sums.set(time, (sums.get(time) ?? 0) + value);
    return { name, points: [...sums] };
  });
}

function grid(top: number, suffix: string, y: (value: number) => number): string {
  return [0, top / 2, top].map((value) =>
    `<path d="M${PLOT.left} ${y(value)}H${PLOT.left + PLOT.width}" stroke="#e4e4e4"/>` +
    `<text x="${PLOT.left - 5}" y="${y(value) + 3}" text-anchor="end">${Number(value.toPrecision(3))}${suffix}</text>`
  ).join("");
}

function legend(series: Series[]): string {
  let [x, y] = [14, 170];
  return series.map(({ name }, i) => {
    const text = name.length > 40 ? `${name.slice(0, 39)}…` : name;
    const width = 22 + text.length * 5.2;
    if (x + width > WIDTH - 8) [x, y] = [14, y + 14];
    const entry = `<rect x="${x}" y="${y - 7}" width="8" height="8" fill="${COLOURS[i % COLOURS.length]}"/>` +
      `<text x="${x + 12}" y="${y}">${escaped(text)}</text>`;
    x += width;
    return entry;
  }).join("");
}

/** The next number upwards that begins with 1, 2 or 5. */
function ceiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((step) => value <= step * power) ?? 10);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}
