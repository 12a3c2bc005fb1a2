import { useQuery } from "@tanstack/react-query";
import { answered, api, type State } from "@/api/client";
import { useDeskPart } from "@/desk/hooks";
import type { Interval } from "./series";

const DAY_MINUTES = 1_440;

/** Gives the closed minutes that are drawn: of longer candles those of a whole day. */
export function useBars(interval: Interval): State["bars"] | undefined {
  const bars = useDeskPart((state) => state.bars) ?? undefined;
  const epoch = useDeskPart((state) => state.epoch);
  const oldest = bars?.[0]?.minute;
  // Closed minutes never change; by the hour it is asked again, so that none is missing between.
  const { data: day } = useQuery({
    queryKey: ["bars", epoch, oldest?.slice(0, 13)],
    queryFn: async () =>
      (await answered(api.GET("/api/bars", { params: { query: { limit: DAY_MINUTES } } }))).data
        .items,
    enabled: interval > 1 && oldest !== undefined,
    staleTime: Infinity,
  });
  if (interval === 1 || !bars || !day || oldest === undefined) return bars;
  return [...day.filter((one) => one.minute < oldest), ...bars];
}
