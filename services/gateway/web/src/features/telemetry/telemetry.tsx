import { useQuery } from "@tanstack/react-query";
import { answered, api, type Schemas, sentence } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { keys } from "@/desk/desk";
import { useDeskState, useIsOffline, useNow } from "@/desk/hooks";
import { cn } from "@/lib/cn";
import { number, words } from "@/lib/text";
import { age } from "@/lib/time";

type Gauge = Schemas["PanelView"];

const STALE_MS = 120_000;
const DETAILS_MAX = 4;
const ISO = /^\d{4}-\d\d-\d\dT/;

/** Everything that is measured, each with its source and age; what is not fed says why. */
export function Telemetry() {
  const state = useDeskState();
  const now = useNow();
  const isOffline = useIsOffline();
  const { data: gauges, error } = useQuery({
    queryKey: keys.telemetry,
    queryFn: async () => (await answered(api.GET("/api/telemetry"))).data.panels,
    enabled: state !== null,
    staleTime: Infinity,
  });
  return (
    <Panel testid="telemetry" title="Telemetry" isStale={gauges !== undefined && isOffline}>
      {error && !gauges ? (
        <Empty testid="telemetry-error">Not to be had now. {sentence(error)}</Empty>
      ) : !gauges ? (
        <Loading lines={4} testid="telemetry-loading" />
      ) : (
        <ul className="grid grid-cols-2 gap-2 md:grid-cols-3 xl:grid-cols-5">
          {gauges.map((one) => (
            <Card key={one.id} gauge={one} now={now} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Card({ gauge, now }: { gauge: Gauge; now: number }) {
  const isOld = gauge.heardAt !== null && now - Date.parse(gauge.heardAt) > STALE_MS;
  return (
    <li
      data-testid={`telemetry-${gauge.id}`}
      data-fed={gauge.isFed}
      className={cn(
        "flex min-w-0 flex-col rounded-xl border border-edge bg-back/50 p-3 last:col-span-2 md:last:col-span-1 xl:last:col-span-2",
        isOld && "border-dashed",
      )}
    >
      <h3 className="text-muted text-xs">{words(gauge.id)}</h3>
      {gauge.isFed ? (
        <>
          <p className="num truncate text-base" title={gauge.value ?? undefined}>
            {gauge.value === null ? "–" : reading(gauge.value)}{" "}
            <span className="text-2xs text-muted">{gauge.unit}</span>
          </p>
          <dl className="num mt-1 flex-1 text-2xs">
            {gauge.details.slice(0, DETAILS_MAX).map((one) => (
              <div key={one.name} className="flex justify-between gap-2">
                <dt className="truncate text-muted">{words(one.name)}</dt>
                <dd className="truncate" title={one.value}>
                  {ISO.test(one.value) ? one.value.slice(11, 19) : reading(one.value)} {one.unit}
                </dd>
              </div>
            ))}
          </dl>
          <p className="mt-1.5 truncate text-2xs text-muted" title={gauge.source}>
            {gauge.source}
          </p>
          <p
            data-testid={`telemetry-${gauge.id}-age`}
            className={cn("num text-2xs", isOld ? "text-warn" : "text-muted")}
          >
            {gauge.heardAt ? age(gauge.heardAt, now) : "no age"}
            {isOld && ", old"}
          </p>
        </>
      ) : (
        <p className="mt-1 text-muted text-xs">Not fed: {gauge.why}</p>
      )}
    </li>
  );
}

/** A decimal reads as a number; anything else is a word. */
function reading(value: string): string {
  return /^-?\d+(\.\d+)?$/.test(value) ? number(value, { digits: digitsOf(value) }) : words(value);
}

function digitsOf(value: string): number {
  const size = Math.abs(Number(value));
  const given = value.split(".")[1]?.length ?? 0;
  return Math.min(given, size >= 1_000 ? 0 : size >= 1 ? 3 : 6);
}
