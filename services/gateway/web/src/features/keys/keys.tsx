import { useRouter } from "@tanstack/react-router";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import { usePreferences } from "@/desk/preferences";
import { useOpenDelegation } from "@/features/delegation/open";
import { type Act, type Begun, isTyping, NOTHING, pressed } from "./bindings";
import { KeysSheet } from "./keys-sheet";

const KeysContext = createContext<(() => void) | null>(null);

/** Gives what opens the sheet of keys. */
export function useOpenKeys(): () => void {
  const open = useContext(KeysContext);
  if (!open) throw new Error("expected a Keys above, found none");
  return open;
}

/** Listens to single keys, unless they are turned off or a window is open. */
export function Keys({ children }: { children: ReactNode }) {
  const { hasKeys } = usePreferences();
  const [isOpen, setOpen] = useState(false);
  const openDelegation = useOpenDelegation();
  const router = useRouter();
  const begun = useRef<Begun>(NOTHING);

  useEffect(() => {
    if (!hasKeys) return;
    const does: Record<Act, () => void> = {
      help: () => setOpen(true),
      delegation: openDelegation,
      desk: () => void router.navigate({ to: "/" }),
      settings: () => void router.navigate({ to: "/settings" }),
      about: () => void router.navigate({ to: "/about" }),
      filter: () => void onDesk("activity-filter-text", "activity-on-its-way"),
      activity: () => void onDesk("activity-rows", "activity-log", "activity-on-its-way"),
      position: () => void onDesk("position-card"),
    };
    const onDesk = async (...testids: string[]) => {
      if (router.state.location.pathname !== "/") await router.navigate({ to: "/" });
      requestAnimationFrame(() => bringTo(testids));
    };
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("[role=dialog]")) return;
      const { key, ctrlKey, metaKey, altKey } = event;
      const said = pressed(begun.current, {
        key,
        ctrlKey,
        metaKey,
        altKey,
        isTyping: isTyping(document.activeElement),
        atMs: performance.now(),
      });
      begun.current = said.begun;
      if (said.act === null) return;
      event.preventDefault();
      does[said.act]();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [hasKeys, openDelegation, router]);

  const openIt = useCallback(() => setOpen(true), []);
  return (
    <KeysContext value={openIt}>
      {children}
      <KeysSheet open={isOpen} onOpenChange={setOpen} />
    </KeysContext>
  );
}

/** Brings the first of these that is there under the eyes and the keys. */
function bringTo(testids: readonly string[]): void {
  const [element] = testids.flatMap((testid) => [
    ...document.querySelectorAll<HTMLElement>(`[data-testid=${testid}]`),
  ]);
  element?.scrollIntoView({ block: "center" });
  element?.focus({ preventScroll: true });
}
