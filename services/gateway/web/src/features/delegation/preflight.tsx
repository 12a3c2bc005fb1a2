import { cn } from "@/lib/cn";
import { plural } from "@/lib/text";
import { checkName } from "./states";
import type { Delegation } from "./use-delegation";

/** What a delegation needs; what is missing comes with its remedy. */
export function Preflight({ checks }: { checks: Delegation["preflight"] }) {
  const missing = checks.filter((one) => !one.isOk);
  return (
    <details
      data-testid="preflight"
      open={missing.length > 0}
      className="rounded-xl border border-edge px-4 py-2.5"
    >
      <summary className="cursor-pointer text-sm">
        {missing.length === 0
          ? `All ${plural(checks.length, "check")} passed`
          : `${plural(missing.length, "thing")} of ${checks.length} missing`}
      </summary>
      <ul className="mt-2 flex flex-col gap-1.5">
        {checks.map(({ code, isOk, found, remedy }) => (
          <li
            key={code}
            data-testid={`check-${code}`}
            data-ok={isOk}
            className="grid grid-cols-[1rem_1fr] gap-x-2 text-sm"
          >
            <span aria-hidden className={cn("num", isOk ? "text-info" : "text-warn")}>
              {isOk ? "✓" : "✗"}
            </span>
            <span className="wrap-anywhere">
              {checkName(code)} <span className="num text-muted text-xs">{found}</span>
              {remedy && <span className="block text-warn">{remedy}</span>}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
