/** Draws size against processor time: a line a compressor, a dot a level. */

export interface LevelSeries {
  readonly tool: Tool;
  /** What decides its colour: a compressor, and its block size where it has several. */
  readonly compressor: string;
  readonly points: { readonly level: string; cpuSeconds: number; bytes: number }[];
}

export type Tool = "bootlayer" | "tar2sqfs" | "mksquashfs" | "sqfstar";

interface Style {
  /** Of the line: a stroke's attributes. */
  readonly stroke: string;
  /** Of a level's mark. */
  readonly mark: (x: number, y: number, colour: string) => string;
  /** Whether its levels are named: those of one that takes the same way as another would cover them. */
  readonly isNamed: boolean;
}

const styles: Readonly<Record<Tool, Style>> = {
  bootlayer: {
    stroke: 'stroke-width="1.6"',
    mark: (x, y, colour) => circle(x, y, 3.5, colour, colour),
    isNamed: true,
  },
  tar2sqfs: {
    stroke: 'stroke-dasharray="4 3"',
    mark: (x, y, colour) => circle(x, y, 2.5, "#ffffff", colour),
    isNamed: true,
  },
  mksquashfs: {
    stroke: 'stroke-dasharray="1 3"',
    mark: (x, y, colour) => shape(x, y, "m-2.5 -2.5h5v5h-5z", colour),
    isNamed: false,
  },
  sqfstar: {
    stroke: 'stroke-dasharray="1 3"',
    mark: (x, y, colour) => shape(x, y, "m0 -4l3.5 6h-7z", colour),
    isNamed: false,
  },
};

const width = 880;
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

const colourOf = (compressor: string): string => colours[compressor] ?? "#444444";

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
    `<text x="${plot.left}" y="20" font-size="15">Size of ${image} as squashfs, against processor time to write it</text>`,
    `<text x="${plot.left}" y="37" fill="#555555">bootlayer from the compressed layers; mksquashfs from a directory, the others from a tar, made of them before</text>`,
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
    ...series.map(({ tool, compressor }, index) => legend(tool, compressor, plot.top + 12 + index * 20)),
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

function drawn({ tool, compressor, points }: LevelSeries, x: Scale, y: Scale): string {
  const colour = colourOf(compressor);
  const { stroke, mark, isNamed } = styles[tool];
  const places = points.map(({ level, cpuSeconds, bytes }) => ({
    level,
    x: x(cpuSeconds),
    y: y(bytes / 2 ** 20),
  }));
  const way = places.map((place) => `${place.x.toFixed(1)} ${place.y.toFixed(1)}`).join("L");
  // Ours stand below their marks, others' above.
  const [right, down, anchor] = tool === "bootlayer" ? [-5, 12, "end"] : [5, -5, "start"];
  const names = places.filter(({ level }) => isNamed && namedLevels.has(level));
  return [
    `<path d="M${way}" fill="none" stroke="${colour}" ${stroke}/>`,
    ...places.map((place) => mark(place.x, place.y, colour)),
    ...names.map(
      (place) =>
        `<text x="${(place.x + right).toFixed(1)}" y="${(place.y + down).toFixed(1)}" font-size="10" text-anchor="${anchor}" fill="${colour}">${place.level}</text>`,
    ),
  ].join("\n");
}

function legend(tool: Tool, compressor: string, y: number): string {
  const colour = colourOf(compressor);
  const { stroke, mark } = styles[tool];
  const left = plot.right + 16;
  return (
    `<path d="M${left} ${y}H${left + 24}" stroke="${colour}" ${stroke}/>${mark(left + 12, y, colour)}` +
    `<text x="${left + 30}" y="${y + 4}">${tool} ${compressor}</text>`
  );
}

function circle(x: number, y: number, radius: number, fill: string, colour: string): string {
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" fill="${fill}" stroke="${colour}"/>`;
}

function shape(x: number, y: number, outline: string, colour: string): string {
  return `<path d="M${x.toFixed(1)} ${y.toFixed(1)}${outline}" fill="#ffffff" stroke="${colour}"/>`;
}
