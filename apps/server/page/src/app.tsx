import type { VNode } from "preact";
import { Announcer } from "./announcer.tsx";
import { BuildView } from "./build-view.tsx";
import { BuildsView } from "./builds-view.tsx";
import { useRoute } from "./route.ts";
import { setToken, useToken } from "./token.ts";

export function App(): VNode {
  const route = useRoute();
  const token = useToken();
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        To the content
      </a>
      <header class="top">
        <a class="name" href="#/">
          bootlayer
        </a>
        <span class="motto">container images as bootable disks</span>
        {token !== undefined && (
          <button type="button" class="quiet" onClick={() => setToken(undefined)}>
            Forget token
          </button>
        )}
      </header>
      {/* Another token may see other things, so everything is asked again. */}
      <main id="main" tabIndex={-1} key={token}>
        {route.view === "build" ? (
          <BuildView key={route.id} id={route.id} />
        ) : (
          <BuildsView filter={route.filter} />
        )}
      </main>
      <Announcer />
    </>
  );
}

/** The address behind `#` is the page's own, so the link cannot be followed. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
