import type { TreeEntry } from "@bootlayer/client";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { listTree } from "./api.ts";
import { formatBytes } from "./format.ts";
import { ProblemNote } from "./problem-note.tsx";
import { problemOf, type Problem } from "./problem.ts";

/** What is in the image, a directory at a time. */
export function ImageTree({ id, hasGuest }: { id: string; hasGuest: boolean }): VNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <section aria-labelledby="files-title">
      <h2 id="files-title">Files</h2>
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? "Hide what is in it" : "Show what is in it"}
      </button>
      {isOpen && (
        <>
          {hasGuest && <p class="fine after">The image's own, without what makes it boot.</p>}
          <Level id={id} path="/" />
        </>
      )}
    </section>
  );
}

interface LevelState {
  readonly entries: readonly TreeEntry[];
  readonly next: string | undefined;
  readonly isAsked: boolean;
  readonly problem: Problem | undefined;
}

function Level({ id, path }: { id: string; path: string }): VNode {
  const [level, setLevel] = useState<LevelState>({
    entries: [],
    next: undefined,
    isAsked: false,
    problem: undefined,
  });
  const load = async (cursor?: string): Promise<void> => {
    try {
      const { entries, next } = await listTree(id, path, cursor);
      setLevel((level) => ({
        entries: [...(cursor === undefined ? [] : level.entries), ...entries],
        next,
        isAsked: true,
        problem: undefined,
      }));
    } catch (error) {
      setLevel((level) => ({ ...level, isAsked: true, problem: problemOf(error) }));
    }
  };
  useEffect(() => void load(), []);

  const { entries, next, isAsked, problem } = level;
  if (!isAsked) return <p class="fine">Reading the layers …</p>;
  return (
    <>
      {problem && <ProblemNote problem={problem} onRetry={() => void load(next)} />}
      {!problem && entries.length === 0 && <p class="fine">Nothing is in it.</p>}
      {entries.length > 0 && (
        <ul class="tree" role="list" aria-label={`Files in ${path}`}>
          {entries.map((entry) => (
            <Entry key={entry.name} id={id} path={join(path, entry.name)} entry={entry} />
          ))}
        </ul>
      )}
      {next !== undefined && (
        <button type="button" onClick={() => void load(next)}>
          More of {path}
        </button>
      )}
    </>
  );
}

function Entry({ id, path, entry }: { id: string; path: string; entry: TreeEntry }): VNode {
  const [isOpen, setOpen] = useState(false);
  const { name, type, size, target } = entry;
  const isDirectory = type === "directory";
  return (
    <li>
      <span class="row">
        {isDirectory ? (
          <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {name}/
          </button>
        ) : (
          <span class="leaf">
            {name}
            {target !== undefined && <span class="fine"> → {target}</span>}
            {type !== "file" && type !== "symlink" && <span class="fine"> ({type})</span>}
          </span>
        )}
        {size !== undefined && <span class="fine figures">{formatBytes(size)}</span>}
      </span>
      {isOpen && <Level id={id} path={path} />}
    </li>
  );
}

function join(directory: string, name: string): string {
  return directory.endsWith("/") ? `${directory}${name}` : `${directory}/${name}`;
}
