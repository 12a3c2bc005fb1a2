import { useEffect, useRef, useState } from "react";

/**
 * Keeps what is typed in a field at once, and what the address says in one that nobody types into.
 * A field that waited for its address would lose letters, and the place of who corrects one.
 */
export function useTyped(kept: string) {
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(kept);
  useEffect(() => {
    if (document.activeElement !== box.current) setText(kept);
  }, [kept]);
  return { box, text, setText };
}
