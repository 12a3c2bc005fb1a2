import { Input } from "@/components/ui/input";
import type { Body } from "./draft";

interface LimitsProps {
  body: Body;
  onChange(body: Body): void;
}

/** From where on something is told that no event says. */
export function Limits({ body, onChange }: LimitsProps) {
  const minutes = body.delegateExpiryMin ?? [];
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
      <div className="flex items-center gap-2">
        Delegate key ends in, minutes
        {minutes.map((value, index) => (
          <Input
            // biome-ignore lint/suspicious/noArrayIndexKey: a place is what it is
            key={index}
            type="number"
            min={1}
            max={1440}
            aria-label={`Minutes before a delegate key ends, ${index + 1}`}
            data-testid={`notif-delegate-expiry-${index}`}
            value={value}
            onChange={(event) =>
              onChange({
                ...body,
                delegateExpiryMin: minutes.with(index, Number(event.target.value)),
              })
            }
            className="num w-20"
          />
        ))}
      </div>
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
