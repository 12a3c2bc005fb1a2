import { Loading, Panel } from "@/components/panel";
import { useIsOffline, useNow, useServices } from "@/desk/hooks";
import { usePreferences } from "@/desk/preferences";
import { cn } from "@/lib/cn";
import { number, words } from "@/lib/text";
import { age, clock, duration, type Zone } from "@/lib/time";

const EPOCH_MS = /^\d{13}$/;

/** Each process of the desk, and what it says of itself. */
export function ServicesCard() {
  const services = useServices();
  const now = useNow();
  const isOffline = useIsOffline();
  const { zone } = usePreferences();
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
            const details = detailsOf(one.details, zone);
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
                <div className="min-w-0 flex-1">
                  <span className="font-medium">{one.name}</span>{" "}
                  <span className={cn(isReady ? "text-muted" : "text-warn")}>
                    {one.reason || (isReady ? "ready" : "not ready")}
                  </span>
                  <p className="num text-2xs text-muted">{leadOf(one.details)}</p>
                  {details.length > 0 && (
                    <details>
                      <summary
                        data-testid={`details-${one.name}`}
                        className="min-h-6 w-fit cursor-pointer rounded text-2xs text-muted leading-6 hover:text-ink"
                      >
                        All it says
                      </summary>
                      <dl className="num text-2xs">
                        {details.map(([name, value]) => (
                          <div key={name} className="flex justify-between gap-3">
                            <dt className="shrink-0 text-muted">{name}</dt>
                            <dd className="wrap-anywhere min-w-0 text-right">{value}</dd>
                          </div>
                        ))}
                      </dl>
                    </details>
                  )}
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

/** Says what a person looks for first: what it runs by, how far behind it is, since when it runs. */
function leadOf({ policy, lag, uptime_s: uptime }: Record<string, string>): string {
  return [
    policy,
    lag !== undefined && `lag ${number(lag)}`,
    uptime !== undefined && `up ${duration(Math.round(Number(uptime)) * 1_000)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Gives what a service says of itself that is a word or a number; a moment as the time it is. */
function detailsOf(details: Record<string, string>, zone: Zone): [string, string][] {
  return Object.entries(details)
    .filter(([, value]) => !value.startsWith("{"))
    .map(([name, value]) =>
      EPOCH_MS.test(value) && name.endsWith("_ms")
        ? [words(name.slice(0, -3)), clock(new Date(Number(value)).toISOString(), zone)]
        : [words(name), value],
    );
}
