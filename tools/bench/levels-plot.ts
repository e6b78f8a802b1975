/** Draws size against processor time: a line a compressor, a dot a level. */

export interface LevelSeries {
  readonly label: string;
  /** Ours are drawn as lines, others' dashed. */
  readonly ours: boolean;
  readonly points: { readonly level: string; cpuSeconds: number; bytes: number }[];
}

const width = 860;
const height = 520;
const plot = { left: 64, right: 660, top: 48, bottom: 470 };
const colours: Readonly<Record<string, string>> = {
  "zstd, 128 KiB": "#0b62a4",
  "zstd, 1 MiB": "#2a9d55",
  gzip: "#c2571a",
  xz: "#7a3fa0",
  lz4: "#8a7a00",
};
/** The others would cover each other. */
const namedLevels = new Set(["1", "3", "6", "9", "12", "15", "19", "22", "0", "lz4", "hc", "xz"]);

const colourOf = (label: string): string => colours[label.replace("tar2sqfs ", "")] ?? "#444444";

type Scale = (value: number) => number;

export function levelsPlot(series: readonly LevelSeries[], image: string): string {
  const points = series.flatMap((line) => line.points);
  const seconds = points.map(({ cpuSeconds }) => cpuSeconds);
  const sizes = points.map(({ bytes }) => bytes / 2 ** 20);
  const [fastest, slowest] = [Math.min(...seconds) * 0.9, Math.max(...seconds) * 1.15];
  const [smallest, largest] = [Math.floor(Math.min(...sizes)), Math.ceil(Math.max(...sizes))];
  const x: Scale = (value) =>
    plot.left + (Math.log(value / fastest) / Math.log(slowest / fastest)) * (plot.right - plot.left);
  const y: Scale = (value) =>
    plot.bottom - ((value - smallest) / (largest - smallest)) * (plot.bottom - plot.top);
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find((size) => (largest - smallest) / size <= 10) ?? 500;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${plot.left}" y="26" font-size="15">Size of ${image} as squashfs, against processor time to write it</text>`,
    ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
      .filter((tick) => tick >= fastest && tick <= slowest)
      .map((tick) => verticalLine(x(tick), String(tick))),
    ...Array.from(
      { length: Math.floor((largest - smallest) / step) + 1 },
      (_, index) => smallest + index * step,
    ).map((tick) => horizontalLine(y(tick), String(tick))),
    `<text x="${plot.right}" y="${plot.bottom + 36}" text-anchor="end">CPU seconds, user and system</text>`,
    `<text x="${plot.left - 8}" y="${plot.top - 8}" text-anchor="end">MiB</text>`,
    ...series.map((line) => drawn(line, x, y)),
    ...series.map(({ label, ours }, index) => legend(label, ours, plot.top + 12 + index * 20)),
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}

function verticalLine(at: number, label: string): string {
  return (
    `<path d="M${at.toFixed(1)} ${plot.top}V${plot.bottom}" stroke="#e4e4e4"/>` +
    `<text x="${at.toFixed(1)}" y="${plot.bottom + 18}" text-anchor="middle" fill="#555555">${label}</text>`
  );
}

function horizontalLine(at: number, label: string): string {
  return (
    `<path d="M${plot.left} ${at.toFixed(1)}H${plot.right}" stroke="#e4e4e4"/>` +
    `<text x="${plot.left - 8}" y="${(at + 4).toFixed(1)}" text-anchor="end" fill="#555555">${label}</text>`
  );
}

function drawn({ label, ours, points }: LevelSeries, x: Scale, y: Scale): string {
  const colour = colourOf(label);
  const places = points.map(({ level, cpuSeconds, bytes }) => ({
    level,
    at: `${x(cpuSeconds).toFixed(1)} ${y(bytes / 2 ** 20).toFixed(1)}`,
    x: x(cpuSeconds),
    y: y(bytes / 2 ** 20),
  }));
  const line = `<path d="M${places.map(({ at }) => at).join("L")}" fill="none" stroke="${colour}"${dashes(ours)}/>`;
  const dots = places.map(
    (place) =>
      `<circle cx="${place.x.toFixed(1)}" cy="${place.y.toFixed(1)}" r="${ours ? 3.5 : 2.5}" fill="${ours ? colour : "#ffffff"}" stroke="${colour}"/>`,
  );
  const names = places
    .filter(({ level }) => namedLevels.has(level))
    .map(
      (place) =>
        `<text x="${(place.x + (ours ? -5 : 5)).toFixed(1)}" y="${(place.y + (ours ? 12 : -5)).toFixed(1)}" font-size="10" text-anchor="${ours ? "end" : "start"}" fill="${colour}">${place.level}</text>`,
    );
  return [line, ...dots, ...names].join("\n");
}

function legend(label: string, ours: boolean, y: number): string {
  const colour = colourOf(label);
  const left = plot.right + 16;
  return (
    `<path d="M${left} ${y}H${left + 24}" stroke="${colour}"${dashes(ours)}/>` +
    `<text x="${left + 30}" y="${y + 4}">${ours ? `bootlayer ${label}` : label}</text>`
  );
}

const dashes = (ours: boolean): string => (ours ? ' stroke-width="1.6"' : ' stroke-dasharray="4 3"');
