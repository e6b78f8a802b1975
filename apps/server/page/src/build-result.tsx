import type { Build } from "@bootlayer/client";
import type { ComponentChildren, VNode } from "preact";
import { diskFileName } from "../../src/http/disk-file-name.ts";
import { DownloadImage } from "./download-image.tsx";
import { formatBytes, formatExactBytes } from "./format.ts";
import { StageTable } from "./stage-table.tsx";

/** What a build made. */
export function BuildResult({ build }: { build: Build }): VNode | null {
  const { id, request, report } = build;
  if (!report) return null;
  const { bytes, dataBytes, digest, sha256, platform, guest, cached, fetched, stages = [] } = report;
  const warnings = [...(report.warnings ?? []), ...(guest?.warnings ?? [])];
  return (
    <section aria-labelledby="result-title">
      <h2 id="result-title">Disk</h2>
      <DownloadImage id={id} file={diskFileName(request)} bytes={bytes} />
      <dl class="facts">
        {bytes !== undefined && <Size term="Size" bytes={bytes} />}
        {dataBytes !== undefined && <Size term="Data in it" bytes={dataBytes} />}
        <Fact term="Format">{request.format}</Fact>
        {platform !== undefined && <Fact term="Platform">{platform}</Fact>}
        {guest?.initSystem !== undefined && <Fact term="Init system">{guest.initSystem}</Fact>}
        {digest !== undefined && (
          <Fact term="Image digest">
            <code>{digest}</code>
          </Fact>
        )}
        {sha256 !== undefined && (
          <Fact term="Disk sha256">
            <code>{sha256}</code>
          </Fact>
        )}
        {cached && <Fact term="Made">by an earlier build of the same</Fact>}
        {fetched && <Fact term="Made">by another server, and fetched from the image's registry</Fact>}
      </dl>
      {warnings.length > 0 && (
        <div class="note">
          <h3>Warnings</h3>
          <ul>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </div>
      )}
      {stages.length > 0 && (
        <details>
          <summary>How long it took</summary>
          <StageTable stages={stages} />
        </details>
      )}
    </section>
  );
}

function Size({ term, bytes }: { term: string; bytes: number }): VNode {
  return (
    <Fact term={term}>
      {formatBytes(bytes)} <span class="fine">({formatExactBytes(bytes)})</span>
    </Fact>
  );
}

function Fact({ term, children }: { term: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
