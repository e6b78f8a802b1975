import { spawnSync } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { pullImage, type Environment } from "@bootlayer/image-builder";
import { measure, median } from "./measure.ts";
import { printHead, printRow } from "./table.ts";

/** What a command cost, in milliseconds: on the clock, and of processor time. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

interface Contender {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly whole: Cost[];
  readonly inside: Cost[];
}

/** The process itself says at its end what it cost from before its program was read. */
const meter = `data:text/javascript,${encodeURIComponent(`
const begun = performance.now();
const before = process.cpuUsage();
process.on("exit", () => {
  const { user, system } = process.cpuUsage(before);
  console.error("COST " + (performance.now() - begun) + " " + (user + system) / 1000);
});`)}`;

/**
 * Times a pull of what is there beside `--version`, in turns, each once as a whole process and once from inside it. Its work is
 * what it takes beyond the other, which only starts. Prints a table of docs/performance.md: medians.
 */
export async function benchWarmPull(cli: string, pull: readonly string[], runs: number): Promise<void> {
  const contenders: readonly Contender[] = [
    { name: "bootlayer pull, all in the store", arguments: [cli, ...pull], whole: [], inside: [] },
    { name: "bootlayer --version", arguments: [cli, "--version"], whole: [], inside: [] },
    { name: "node -e 0", arguments: ["-e", "0"], whole: [], inside: [] },
  ];
  for (let run = 0; run < runs; run++)
    for (const contender of contenders) {
      // Between runs, which block this thread, the registry's log is read.
      await wait(50);
      const { wallSeconds, cpuSeconds } = measure(
        [process.execPath, ...contender.arguments],
        import.meta.dirname,
      );
      contender.whole.push({ wall: wallSeconds * 1000, cpu: cpuSeconds * 1000 });
      contender.inside.push(costInside(contender.arguments));
    }
  printHead(["", "wall ms", "CPU ms", "inside: wall ms", "CPU ms"]);
  for (const { name, whole, inside } of contenders) row(name, middle(whole), middle(inside));
  const [warm, version] = contenders;
  if (!warm || !version) return;
  row("the command beyond its start", beyond(warm.whole, version.whole), beyond(warm.inside, version.inside));
}

/**
 * Times `pullImage` of what is there in a process that runs, as a server calls it: what a pull works when its program is loaded.
 * Prints rows of the same table: the first call, which loads code, and the median of those after it.
 */
export async function benchWarmPullInProcess(source: string, store: string, runs: number): Promise<void> {
  const costs: Cost[] = [];
  for (let run = 0; run <= runs; run++) costs.push(await costOfPull(source, { store }));
  const [first, ...later] = costs;
  if (first) row("pullImage, the first in a process", first);
  row("pullImage, each further one", middle(later));
}

async function costOfPull(source: string, environment: Environment): Promise<Cost> {
  const begun = performance.now();
  const before = process.cpuUsage();
  const { downloadedBytes } = await pullImage({ source }, environment);
  const { user, system } = process.cpuUsage(before);
  if (downloadedBytes !== 0) throw new Error(`${source} was not in the store`);
  return { wall: performance.now() - begun, cpu: (user + system) / 1000 };
}

function costInside(command: readonly string[]): Cost {
  const { stderr, status } = spawnSync(process.execPath, ["--import", meter, ...command], {
    encoding: "utf8",
  });
  const [, wall, cpu] = /^COST ([\d.]+) ([\d.]+)$/m.exec(stderr) ?? [];
  if (status !== 0 || wall === undefined)
    throw new Error(`${command.join(" ")} ended with ${status}\n${stderr}`);
  return { wall: Number(wall), cpu: Number(cpu) };
}

function middle(costs: readonly Cost[]): Cost {
  return { wall: median(costs.map(({ wall }) => wall)), cpu: median(costs.map(({ cpu }) => cpu)) };
}

/** Of two that were run in turns, run by run. */
function beyond(costs: readonly Cost[], others: readonly Cost[]): Cost {
  return middle(
    costs.map(({ wall, cpu }, run) => ({
      wall: wall - (others[run]?.wall ?? NaN),
      cpu: cpu - (others[run]?.cpu ?? NaN),
    })),
  );
}

function row(name: string, ...costs: readonly Cost[]): void {
  const cells = costs.flatMap(({ wall, cpu }) => [wall.toFixed(0), cpu.toFixed(0)]);
  printRow([name, ...cells]);
}
