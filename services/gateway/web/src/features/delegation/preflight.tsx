import { cn } from "@/lib/cn";
import { plural } from "@/lib/text";
import { type Checks, faultsOf } from "./faults";
import { checkName, foundText } from "./states";

/** What is missing, each with its remedy, before the button that needs it. */
export function Faults({ checks }: { checks: Checks }) {
  const faults = faultsOf(checks);
  if (faults.length === 0) return null;
  return (
    <div
      data-testid="preflight-faults"
      className="flex flex-col gap-2 rounded-xl border border-warn/70 px-4 py-3 text-sm"
    >
      <h3 className="font-semibold text-warn">
        {plural(faults.length, "thing")} to mend before the desk can trade
      </h3>
      <List checks={faults} testid="fault" />
    </div>
  );
}

/** Everything that a delegation needs, met or not. */
export function Preflight({ checks }: { checks: Checks }) {
  const missing = checks.filter((one) => !one.isOk).length;
  return (
    <details data-testid="preflight" className="rounded-xl border border-edge px-4 py-2.5">
      <summary data-testid="preflight-toggle" className="min-h-6 cursor-pointer text-sm">
        {missing === 0
          ? `All ${plural(checks.length, "check")} passed`
          : `${checks.length - missing} of ${plural(checks.length, "check")} passed`}
      </summary>
      <div className="mt-2">
        <List checks={checks} testid="check" />
      </div>
    </details>
  );
}

function List({ checks, testid }: { checks: Checks; testid: string }) {
  return (
    <ul className="flex flex-col gap-1.5">
      {checks.map(({ code, isOk, found, remedy }) => (
        <li
          key={code}
          data-testid={`${testid}-${code}`}
          data-ok={isOk}
          className="grid grid-cols-[1rem_1fr] gap-x-2 text-sm"
        >
          <span aria-hidden className={cn("num", isOk ? "text-info" : "text-warn")}>
            {isOk ? "✓" : "✗"}
          </span>
          <span className="min-w-0 wrap-anywhere">
            <span className="sr-only">{isOk ? "Met: " : "Missing: "}</span>
            {checkName(code)} <span className="num text-muted text-xs">{foundText(found)}</span>
            {remedy && <span className="block">{remedy.replace(/\d+ lamports/g, foundText)}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
