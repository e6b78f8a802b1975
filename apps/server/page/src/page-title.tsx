import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

let isFirst = true;

/** The heading of what is shown. A view that was gone to takes the keyboard there, as a new page would. */
export function PageTitle({ title, children }: { title: string; children: ComponentChildren }): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus();
    isFirst = false;
  }, []);
  useEffect(() => {
    document.title = `${title} - bootlayer`;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
