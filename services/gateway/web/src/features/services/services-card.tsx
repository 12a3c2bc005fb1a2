import { Loading, Panel } from "@/components/panel";
import { useIsOffline, useNow, useServices } from "@/desk/hooks";
import { cn } from "@/lib/cn";
import { words } from "@/lib/text";
import { age } from "@/lib/time";

const DETAILS_MAX = 4;

/** Each process of the desk, and what it says of itself. */
export function ServicesCard() {
  const services = useServices();
  const now = useNow();
  const isOffline = useIsOffline();
  return (
    <Panel
      testid="services-card"
      title="Services"
      age={services && age(services.asOf, now)}
      isStale={services !== null && isOffline}
    >
      {!services ? (
        <Loading lines={6} testid="services-loading" />
      ) : (
        <ul className="grid gap-x-6 gap-y-2 sm:grid-cols-2 xl:grid-cols-3">
          {services.items.map((one) => {
            const isReady = one.isUp && one.isReady;
            const details = Object.entries(one.details).slice(0, DETAILS_MAX);
            return (
              <li
                key={one.name}
                data-testid={`service-${one.name}`}
                className="flex min-w-0 gap-2.5"
              >
                <span
                  aria-hidden
                  className={cn(
                    "mt-1.5 size-2 shrink-0 rounded-full",
                    isReady ? "bg-info" : one.isUp ? "bg-warn" : "bg-bad",
                  )}
                />
                <div className="min-w-0">
                  <span className="font-medium">{one.name}</span>{" "}
                  <span className={cn(isReady ? "text-muted" : "text-warn")}>
                    {one.reason || (isReady ? "ready" : "not ready")}
                  </span>
                  <p className="num truncate text-2xs text-muted">
                    {details.map(([name, value]) => `${words(name)} ${value}`).join(", ")}
                  </p>
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
