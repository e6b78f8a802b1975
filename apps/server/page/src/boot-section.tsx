import type { Build } from "@bootlayer/client";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { diskFileName } from "../../src/http/disk-file-name.ts";
import { announce } from "./announcer.tsx";
import { bootCommands, type BootCommand } from "./boot-commands.ts";

/** How the disk boots, for each monitor. */
export function BootSection({ build }: { build: Build }): VNode | null {
  const { request, report } = build;
  if (!report) return null;
  const commands = bootCommands({
    file: diskFileName(request),
    architecture: report.platform?.startsWith("linux/arm64") ? "arm64" : "amd64",
    readOnly: request.format === "squashfs",
    kernelArguments: report.guest?.kernelArguments ?? [],
    hasGuest: report.guest !== undefined,
  });
  return (
    <section aria-labelledby="boot-title">
      <h2 id="boot-title">Boot it</h2>
      <p>
        With the disk and a kernel of yours (<code>vmlinux</code>) in the same directory.
        {!report.guest &&
          " This disk holds the image alone: the kernel starts the image's own /sbin/init, if it has one."}
      </p>
      {commands.map((command, index) => (
        <Command key={command.monitor} command={command} isOpen={index === 0} />
      ))}
    </section>
  );
}

const refusal = "The browser refused: select the command and copy it.";

function Command({
  command: { monitor, note, command },
  isOpen,
}: {
  command: BootCommand;
  isOpen: boolean;
}): VNode {
  const [copied, setCopied] = useState<"yes" | "refused">();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(command);
      setCopied("yes");
      announce("Copied.");
    } catch {
      // A person or a policy may keep the clipboard from pages.
      setCopied("refused");
      announce(refusal);
    }
  };
  return (
    <details name="monitor" open={isOpen}>
      <summary>{monitor}</summary>
      <p class="fine">{note}</p>
      {/* It scrolls, so the keyboard must get there. */}
      <pre tabIndex={0} role="region" aria-label={`Command for ${monitor}`}>
        <code>{command}</code>
      </pre>
      {/* Browsers give the clipboard to loopback and https alone. */}
      {isSecureContext && (
        <button type="button" onClick={() => void copy()}>
          {copied === "yes" ? "Copied" : "Copy"}
          <span class="unseen"> command for {monitor}</span>
        </button>
      )}
      {copied === "refused" && <span class="fine"> {refusal}</span>}
    </details>
  );
}
