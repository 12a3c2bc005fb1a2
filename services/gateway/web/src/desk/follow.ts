/** Keeps an answer of the gateway up to date with the log. */
import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useDesk } from "./hooks";

const RELOAD_MS = 400;

/** Asks again after each event whose name matches, at most every 0.4 s; give constants. */
export function useFollow(key: QueryKey, concerns: RegExp): void {
  const desk = useDesk();
  const cache = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = desk.onEvent((event) => {
      if (timer !== null || !concerns.test(event.event)) return;
      timer = setTimeout(() => {
        timer = null;
        void cache.invalidateQueries({ queryKey: key });
      }, RELOAD_MS);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [desk, cache, key, concerns]);
}
