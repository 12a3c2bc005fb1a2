import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Activity } from "@/api/client";
import { Checkbox, Input, Select } from "@/components/ui/input";
import { plural, words } from "@/lib/text";
import { type Filter, marketsOf, SEVERITIES, typesOf } from "./filters";
import { OrderFilter } from "./order-filter";
import { useTyped } from "./use-typed";

const route = getRouteApi("/");
const NAMES = {
  all: "any severity",
  info: "info and up",
  warning: "warning and up",
  bad: "bad only",
};

/** The filters; each change is a change of the address. */
export function FilterBar({ events, count }: { events: readonly Activity[]; count: number }) {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const types = useMemo(() => typesOf(events), [events]);
  const markets = useMemo(() => marketsOf(events), [events]);
  const set = (change: Partial<Filter>) =>
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true });
  return (
    <div className="flex flex-wrap items-center gap-2 text-xs">
      <TextFilter q={filter.q ?? ""} onText={(text) => set({ q: text || undefined })} />
      <Select
        aria-label="Filter by severity"
        data-testid="activity-filter-severity"
        value={filter.severity ?? "all"}
        onChange={(event) =>
          set({
            severity:
              event.target.value === "all" ? undefined : (event.target.value as Filter["severity"]),
          })
        }
        className="min-h-8 text-xs"
      >
        {SEVERITIES.map((one) => (
          <option key={one} value={one}>
            {NAMES[one]}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Filter by type"
        data-testid="activity-filter-type"
        value={filter.type ?? ""}
        onChange={(event) => set({ type: event.target.value || undefined })}
        className="min-h-8 max-w-44 text-xs"
      >
        <option value="">any type</option>
        {types.map((one) => (
          <option key={one} value={one}>
            {words(one)}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Filter by market"
        data-testid="activity-filter-market"
        value={filter.market ?? ""}
        onChange={(event) => set({ market: event.target.value || undefined })}
        className="min-h-8 max-w-44 text-xs"
      >
        <option value="">any market</option>
        {[...new Set([...markets, filter.market ?? ""])].filter(Boolean).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </Select>
      <OrderFilter order={filter.order} onOrder={(order) => set({ order })} />
      <label className="flex min-h-8 items-center gap-1.5 text-muted">
        <Checkbox
          data-testid="activity-filter-noise"
          checked={filter.noise ?? false}
          onChange={(event) => set({ noise: event.target.checked || undefined })}
        />
        show the routine of every minute
      </label>
      <span className="num ml-auto text-2xs text-muted" data-testid="activity-count">
        {plural(count, "event")}
      </span>
    </div>
  );
}

/** What is typed stands in the field at once, and in the address a moment later. */
function TextFilter({ q, onText }: { q: string; onText(text: string): void }) {
  const { box, text, setText } = useTyped(q);
  return (
    <Input
      ref={box}
      type="search"
      placeholder="text or id"
      aria-label="Filter by text or id"
      data-testid="activity-filter-text"
      maxLength={100}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        onText(event.target.value);
      }}
      className="min-h-8 flex-1 text-xs max-sm:basis-full sm:max-w-56"
    />
  );
}
