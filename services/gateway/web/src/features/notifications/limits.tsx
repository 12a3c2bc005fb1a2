import { Input } from "@/components/ui/input";
import type { Body } from "./draft";

interface LimitsProps {
  body: Body;
  onChange(body: Body): void;
}

/** From where on something is told that no event says. */
export function Limits({ body, onChange }: LimitsProps) {
  return (
    <div className="grid gap-3 text-muted sm:grid-cols-2">
      <label className="flex items-center gap-2">
        Liquidation nearer than, % of the price
        <Input
          type="number"
          min={1}
          max={50}
          data-testid="notif-liquidation-pct"
          value={body.liquidationPct}
          onChange={(event) => onChange({ ...body, liquidationPct: Number(event.target.value) })}
          className="num w-20"
        />
      </label>
      <label className="flex items-center gap-2">
        Delegate key ends in, minutes
        <Input
          pattern="[0-9]+( *, *[0-9]+){0,3}"
          data-testid="notif-delegate-expiry"
          defaultValue={body.delegateExpiryMin?.join(", ")}
          onChange={(event) =>
            onChange({ ...body, delegateExpiryMin: minutesIn(event.target.value) })
          }
          className="num w-28"
        />
      </label>
      <label className="flex items-center gap-2">
        The chain's nodes silent for, seconds
        <Input
          type="number"
          min={10}
          max={3600}
          data-testid="notif-rpc-silent"
          value={body.rpcSilentS}
          onChange={(event) => onChange({ ...body, rpcSilentS: Number(event.target.value) })}
          className="num w-20"
        />
      </label>
    </div>
  );
}

function minutesIn(text: string): number[] {
  return text.split(",").map(Number).filter(Number.isInteger).filter(Boolean);
}
