import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { buildStates } from "../../src/catalogue/build.ts";
import { goTo, parseRoute, type BuildFilter } from "./route.ts";

/** Which builds are listed. Choices count at once, the source when it was entered. */
export function BuildFilterForm({ filter }: { filter: BuildFilter }): VNode {
  const form = useRef<HTMLFormElement>(null);
  const apply = (event?: Event): void => {
    event?.preventDefault();
    if (!form.current) return;
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form.current))
      if (typeof value === "string") query.set(name, value.trim());
    goTo(parseRoute(`#/?${query}`));
  };
  return (
    <form ref={form} class="filter" role="search" aria-label="Builds" onSubmit={apply}>
      <div class="field">
        <label for="filter-state">State</label>
        <select id="filter-state" name="state" value={filter.state ?? ""} onChange={apply}>
          <option value="">all</option>
          <option value="active">not ended</option>
          {buildStates.map((state) => (
            <option key={state} value={state}>
              {state}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="filter-format">Format</label>
        <select id="filter-format" name="format" value={filter.format ?? ""} onChange={apply}>
          <option value="">all</option>
          <option value="ext4">ext4</option>
          <option value="squashfs">squashfs</option>
        </select>
      </div>
      <div class="field wide">
        <label for="filter-source">Image</label>
        <input
          id="filter-source"
          name="source"
          type="search"
          spellcheck={false}
          defaultValue={filter.source ?? ""}
          onChange={apply}
        />
      </div>
    </form>
  );
}
