import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { announce } from "./announcer.tsx";
import { fetchImage, imageAddress } from "./api.ts";
import { formatBytes } from "./format.ts";
import { FocusedProblem } from "./problem-note.tsx";
import { problemOf, type Problem } from "./problem.ts";
import { currentToken } from "./token.ts";

/** A link where none must prove anything; with a token the page fetches the disk, since a link carries no header. */
export function DownloadImage({
  id,
  file,
  bytes,
}: {
  id: string;
  file: string;
  bytes: number | undefined;
}): VNode {
  const [problem, setProblem] = useState<Problem>();
  const [isLoading, setLoading] = useState(false);
  const label = `Download ${file}${bytes === undefined ? "" : ` (${formatBytes(bytes)})`}`;
  if (currentToken() === undefined)
    return (
      <p>
        <a class="button main" href={imageAddress(id)} download={file}>
          {label}
        </a>
      </p>
    );

  const load = async (): Promise<void> => {
    if (isLoading) return;
    setLoading(true);
    setProblem(undefined);
    try {
      saveAs(await fetchImage(id), file);
      announce("The disk is downloaded.");
    } catch (error) {
      setProblem(problemOf(error));
    }
    setLoading(false);
  };
  return (
    <>
      <p>
        <button type="button" class="main" onClick={() => void load()} aria-disabled={isLoading}>
          {isLoading ? "Downloading …" : label}
        </button>
      </p>
      {problem && <FocusedProblem problem={problem} />}
    </>
  );
}

function saveAs(blob: Blob, file: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = file;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
