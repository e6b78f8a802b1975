import type { VNode } from "preact";
import type { LayerProgress } from "./build-progress.ts";
import { layerText, type BuildProgress } from "./build-progress.ts";
import { formatBytes, percent, shortDigest } from "./format.ts";
import { StageTable } from "./stage-table.tsx";

/** How far a build is. */
export function BuildProgressSection({ progress }: { progress: BuildProgress }): VNode {
  const { state, position, layers, stages, writtenBytes } = progress;
  return (
    <section aria-labelledby="progress-title">
      <h2 id="progress-title">Progress</h2>
      {state === "queued" && (
        <p>
          Waiting for its turn
          {position === undefined || position < 1 ? "." : `: ${position - 1} before it.`}
        </p>
      )}
      {layers.length > 0 && (
        <>
          <p class="fine legend">
            <span class="key pulled" /> pulled <span class="key flattened" /> flattened{" "}
            <span class="key cached" /> in store
          </p>
          <ol class="layers" role="list" aria-label="Layers, the base first">
            {layers.map((layer, index) => (
              <LayerBar key={`${index} ${layer.digest}`} layer={layer} number={index + 1} />
            ))}
          </ol>
          <p class="fine figures">Written to the disk: {formatBytes(writtenBytes)}</p>
        </>
      )}
      <StageTable stages={stages} />
    </section>
  );
}

function LayerBar({ layer, number }: { layer: LayerProgress; number: number }): VNode {
  const { digest, pulledBytes, flattenedBytes, totalBytes, cached } = layer;
  const text = layerText(layer);
  // Half of the way is the pull, half the flattening: a number that only grows.
  const pulled = cached ? 100 : percent(pulledBytes, totalBytes);
  const flattened = percent(flattenedBytes, totalBytes);
  return (
    <li>
      <code>{shortDigest(digest).replace(/^sha256:/, "")}</code>
      <span
        class={cached ? "bar cached" : "bar"}
        role="progressbar"
        aria-label={`Layer ${number}, ${formatBytes(totalBytes)}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor((pulled + flattened) / 2)}
        aria-valuetext={text}
      >
        <span class="pulled" style={{ transform: `scaleX(${pulled / 100})` }} />
        <span class="flattened" style={{ transform: `scaleX(${flattened / 100})` }} />
      </span>
      <span class="fine figures size">{formatBytes(totalBytes)}</span>
      <span class="fine figures text">{text}</span>
    </li>
  );
}
