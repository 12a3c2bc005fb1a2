import { useQuery } from "@tanstack/react-query";
import { memo } from "react";
import { answered, api, type Schemas, sentence } from "@/api/client";
import { Empty, Loading, Panel } from "@/components/panel";
import { keys } from "@/desk/desk";
import { useFlow, useIsLoaded, useIsOffline, useNow, usePrice, usePriceText } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { cn } from "@/lib/cn";
import { age } from "@/lib/time";
import { LiquidationMap } from "./liquidation-map";
import { isOldAt, newest, readingOf, titleOf } from "./readings";

type Gauge = Schemas["PanelView"];

/** As a panel dims what it shows. */
const OLD = "opacity-85 saturate-0";
/** What says more than one number needs more room. */
const WIDE: ReadonlySet<string> = new Set(["funding", "basis", "liquidations", "feed_health"]);

/** What test ids call a gauge, where that is not its id. */
const SHORT: Record<string, string> = { open_interest: "oi", liquidations: "liq" };

/** Everything that is measured, each with its source and age; what is not fed says why. */
export function Telemetry() {
  const isLoaded = useIsLoaded();
  const isOffline = useIsOffline();
  const [price, flow] = [usePrice(), useFlow()];
  const { data: gauges, error } = useQuery({
    queryKey: keys.telemetry,
    queryFn: async () => (await answered(api.GET("/api/telemetry"))).data.panels,
    enabled: isLoaded,
    staleTime: Infinity,
  });
  const forced = gauges?.find((one) => one.id === "liquidations");
  return (
    <Panel testid="telemetry" title="Telemetry" isStale={gauges !== undefined && isOffline}>
      {error && !gauges ? (
        <Empty testid="telemetry-error">Not to be had now. {sentence(error)}</Empty>
      ) : !gauges ? (
        <Loading lines={4} testid="telemetry-loading" />
      ) : (
        <>
          <ul className="grid grid-cols-2 gap-2 lg:grid-cols-20">
            {gauges
              .toSorted((a, b) => Number(WIDE.has(a.id)) - Number(WIDE.has(b.id)))
              .map((one) => (
                <Card key={one.id} gauge={newest(one, price, flow)} />
              ))}
          </ul>
          {forced?.isFed && <LiquidationMap gauge={forced} />}
        </>
      )}
    </Panel>
  );
}

/** Remembered: prices come five times a second, and most gauges stay as they are meanwhile. */
const Card = memo(function Card({ gauge }: { gauge: Gauge }) {
  const now = useNow();
  const price = usePriceText();
  const { zone } = usePreferences();
  const isOld = isOldAt(gauge, now);
  const name = `telemetry-${SHORT[gauge.id] ?? gauge.id}`;
  const { lead, facts, note } = readingOf(gauge, price, zone);
  return (
    <li
      data-testid={name}
      data-fed={gauge.isFed}
      className={cn(
        "flex min-w-0 flex-col rounded-xl border border-edge bg-back/50 p-3",
        WIDE.has(gauge.id) ? "col-span-2 lg:col-span-5" : "lg:col-span-4",
        gauge.id === "price" && "max-lg:col-span-2",
        isOld && "border-dashed",
      )}
    >
      <h3 className="text-muted text-xs">{titleOf(gauge.id)}</h3>
      {gauge.isFed ? (
        <>
          <p
            className={cn("num", lead.length > 20 ? "text-sm" : "text-base", isOld && OLD)}
            title={gauge.value ?? undefined}
          >
            {lead}
          </p>
          <dl className={cn("num mt-1 flex-1 text-2xs", isOld && OLD)}>
            {facts.map(([name, value]) => (
              <div key={name} className="flex justify-between gap-2">
                <dt className="text-muted">{name}</dt>
                <dd className="text-right">{value}</dd>
              </div>
            ))}
          </dl>
          {note && <p className="mt-1 text-2xs text-muted">{note}</p>}
          <p className="mt-1.5 text-2xs text-muted">
            {gauge.source},{" "}
            <span data-testid={`${name}-age`} className={cn("num", isOld && "text-warn")}>
              {gauge.heardAt ? age(gauge.heardAt, now) : "no age"}
              {isOld && ", old"}
            </span>
          </p>
        </>
      ) : (
        <p className="mt-1 text-muted text-xs">Not fed: {gauge.why}</p>
      )}
    </li>
  );
});
