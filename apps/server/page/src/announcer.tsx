import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

const spoken = new EventTarget();

/** Said once by screen readers, when they have finished what they say; for what matters, such as a build that ended. */
export function announce(text: string): void {
  spoken.dispatchEvent(new CustomEvent("announce", { detail: text }));
}

export function Announcer(): VNode {
  const [text, setText] = useState("");
  useEffect(() => {
    const update = (event: Event): void => {
      if (event instanceof CustomEvent) setText(String(event.detail));
    };
    spoken.addEventListener("announce", update);
    return () => spoken.removeEventListener("announce", update);
  }, []);
  return (
    <p class="unseen" role="status">
      {text}
    </p>
  );
}
