import type { Filter } from "./filters";

/** Links to the gateway's export of what is filtered, from the whole log, not from this page. */
export function ExportLinks({ filter }: { filter: Filter }) {
  return (
    <span className="flex gap-2 text-xs">
      {(["csv", "jsonl"] as const).map((format) => (
        <a
          key={format}
          href={exportAddress(filter, format)}
          download
          data-testid={`export-${format}`}
          className="inline-flex min-h-7 items-center rounded-lg border border-control px-2.5 hover:border-ink hover:bg-raised"
        >
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}

export function exportAddress(filter: Filter, format: "csv" | "jsonl"): string {
  const severities = {
    all: ["info", "good", "warning", "bad"],
    info: ["info", "good", "warning", "bad"],
    warning: ["warning", "bad"],
    bad: ["bad"],
  }[filter.severity ?? "all"];
  const wantsNoise = filter.noise && (filter.severity ?? "all") === "all";
  const query = new URLSearchParams({
    format,
    severity: [...severities, ...(wantsNoise ? ["noise"] : [])].join(","),
  });
  if (filter.type) query.set("type", filter.type);
  if (filter.market) query.set("market", filter.market);
  if (filter.order) query.set("order", filter.order);
  if (filter.q?.trim()) query.set("q", filter.q.trim());
  return `/api/activity/export?${query}`;
}
