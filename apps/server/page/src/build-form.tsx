import type { BuildRequest } from "@bootlayer/client";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { createBuild } from "./api.ts";
import { FocusedProblem } from "./problem-note.tsx";
import { problemOf, type Problem } from "./problem.ts";
import { RegistryLogin, registryLoginOf } from "./registry-login.tsx";
import { goTo } from "./route.ts";

type Format = NonNullable<BuildRequest["format"]>;

/** Starts a build. What the server says to it stands below the button. A button elsewhere that submits the form may name an image too. */
export function BuildForm({ id }: { id: string }): VNode {
  const [format, setFormat] = useState<Format>("ext4");
  const [problem, setProblem] = useState<Problem>();
  const [isSending, setSending] = useState(false);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (isSending || !(event.currentTarget instanceof HTMLFormElement)) return;
    setSending(true);
    setProblem(undefined);
    try {
      const form = new FormData(event.currentTarget, event.submitter);
      const build = await createBuild(
        requestOf(form, format),
        // What was pushed here needs none.
        form.has("pushed") ? undefined : registryLoginOf(form),
      );
      goTo({ view: "build", id: build.id });
    } catch (error) {
      setProblem(problemOf(error));
      setSending(false);
    }
  };

  return (
    <form id={id} class="card" aria-labelledby="form-title" onSubmit={(event) => void submit(event)}>
      <h2 id="form-title">Build a disk</h2>
      <div class="field">
        <label for="source">Image</label>
        <input
          id="source"
          name="source"
          required
          maxLength={1024}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="source-help"
        />
        <small id="source-help">A reference, such as docker.io/library/alpine:3.22</small>
      </div>
      <div class="field">
        <label for="platform">Platform</label>
        <select id="platform" name="platform">
          <option value="">the server's own</option>
          <option value="linux/amd64">linux/amd64</option>
          <option value="linux/arm64">linux/arm64</option>
        </select>
      </div>
      <fieldset>
        <legend>Format</legend>
        {(["ext4", "squashfs"] as const).map((choice) => (
          <label key={choice} class="choice">
            <input
              type="radio"
              name="format"
              value={choice}
              checked={format === choice}
              onChange={() => setFormat(choice)}
            />
            {choice}
            <small>{choice === "ext4" ? "to write to" : "compressed, only read"}</small>
          </label>
        ))}
      </fieldset>
      {format === "ext4" ? (
        <div class="field" key="size">
          <label for="size">Size</label>
          <input id="size" name="size" placeholder="auto" spellcheck={false} aria-describedby="size-help" />
          <small id="size-help">4G: exactly that. +512M: so much free space.</small>
        </div>
      ) : (
        <div class="field" key="compression">
          <label for="compression">Compression</label>
          <input
            id="compression"
            name="compression"
            placeholder="zstd:15"
            spellcheck={false}
            aria-describedby="compression-help"
          />
          <small id="compression-help">zstd, gzip or xz with a level, lz4, or none.</small>
        </div>
      )}
      <label class="choice">
        <input type="checkbox" name="guest" aria-describedby="guest-help" />
        Make it boot
      </label>
      <small id="guest-help">Puts in an init that starts the image's program as a machine.</small>
      <RegistryLogin />
      <button type="submit" class="main" aria-disabled={isSending}>
        {isSending ? "Asking …" : "Build"}
      </button>
      {problem && <FocusedProblem problem={problem} />}
    </form>
  );
}

function requestOf(form: FormData, format: Format): BuildRequest {
  const text = (name: string): string | undefined => {
    const value = form.get(name);
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  };
  const [size, compression, platform] = [text("size"), text("compression"), text("platform")];
  return {
    source: text("pushed") ?? text("source") ?? "",
    format,
    ...(platform === undefined ? {} : { platform }),
    ...(size === undefined ? {} : { size }),
    ...(compression === undefined ? {} : { compression }),
    ...(form.has("guest") ? { guest: {} } : {}),
  };
}
