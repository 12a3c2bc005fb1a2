import { type ReactNode, useEffect, useRef } from "react";

/** Gives the focus to the panel around it when what had the focus is gone from it. */
export function KeptFocus({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const last = useRef<EventTarget | null>(null);
  useEffect(() => {
    const element = box.current;
    const keep = ({ target }: FocusEvent) => {
      last.current = target;
    };
    element?.addEventListener("focusin", keep);
    return () => element?.removeEventListener("focusin", keep);
  }, []);
  useEffect(() => {
    const isGone = last.current instanceof Node && !last.current.isConnected;
    if (!isGone || document.activeElement !== document.body) return;
    last.current = null;
    box.current?.closest("section")?.focus({ preventScroll: true });
  });
  return <div ref={box}>{children}</div>;
}
