import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answered, api } from "@/api/client";
import { useDeskPart } from "@/desk/hooks";
import { VERDICTS, type VerdictRow, verdictsIn } from "./verdicts";

const WANTED = 20;
/** A page looks at so many events only, and verdicts are few. */
const PAGES_MAX = 8;

/**
 * Gives the newest verdicts, newest first, however long ago they were; asked for anew whenever
 * there is another one.
 */
export function useVerdicts() {
  const newest = useDeskPart(({ epoch, verdict }) => [epoch, verdict?.pos ?? null] as const);
  return useQuery({
    queryKey: ["verdicts", newest],
    queryFn: () => (newest?.[1] == null ? [] : read()),
    enabled: newest !== null,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 0,
  });
}

async function read(): Promise<VerdictRow[]> {
  const found: VerdictRow[] = [];
  let before: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    try {
      const { items, next } = await page(before);
      found.push(...verdictsIn(items));
      before = next;
    } catch (error) {
      // The archive may be away, which has the older ones: those that were found are shown.
      if (found.length === 0) throw error;
      break;
    }
    if (found.length >= WANTED || before === null) break;
  }
  return found.slice(0, WANTED);
}

async function page(before: string | null) {
  const cursor = before === null ? {} : { before: Number(before) };
  const query = { type: VERDICTS.join(","), limit: WANTED, ...cursor };
  return (await answered(api.GET("/api/activity", { params: { query } }))).data;
}
