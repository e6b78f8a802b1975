import type { VNode } from "preact";
import type { StageTime } from "./build-progress.ts";
import { formatBytes, formatSeconds } from "./format.ts";

/** Those of every build have their place from the start, so nothing moves when they end. */
const usual = ["resolve", "pull", "flatten", "write", "digest"];

export function StageTable({ stages }: { stages: readonly StageTime[] }): VNode {
  const done = new Map(stages.map((report) => [report.stage, report]));
  const names = [...new Set([...usual, ...done.keys()])];
  return (
    <table class="stages">
      <caption>Stages; some overlap</caption>
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col">Time</th>
          <th scope="col">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => {
          const report = done.get(name);
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{report && formatSeconds(report.seconds)}</td>
              <td>{report && formatBytes(report.bytes)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
