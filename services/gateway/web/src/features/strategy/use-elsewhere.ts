import { skipToken, useIsMutating, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keys } from "@/desk/desk";
import { type Change, differencesOf } from "./settings";
import type { Revision } from "./use-settings";

interface Elsewhere {
  /** What is another now than this page knew, and was not changed here. */
  changes: Change[];
  acknowledge(): void;
}

/** Tells what another tab, device or person changed in the settings since one looked. */
export function useElsewhere(revision: Revision): Elsewhere {
  const [seen, setSeen] = useState(revision);
  const { data: own } = useQuery<string | null>({
    queryKey: keys.ownSettings,
    queryFn: skipToken,
    staleTime: Infinity,
    gcTime: Infinity,
  });
  // While a change of ours is under way nobody can tell whose the newest revision is.
  const isChanging = useIsMutating({ mutationKey: keys.settings }) > 0;
  if (own === revision.etag && seen.etag !== revision.etag) setSeen(revision);
  const isKnown = isChanging || own === revision.etag || seen.etag === revision.etag;
  return {
    changes: isKnown ? [] : differencesOf(seen.settings, revision.settings),
    acknowledge: () => setSeen(revision),
  };
}
