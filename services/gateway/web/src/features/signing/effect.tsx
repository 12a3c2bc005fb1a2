import type { Schemas } from "@/api/client";
import { number, sol, usd } from "@/lib/text";

type Effect = Schemas["EffectView"];
type Rehearsed = Schemas["RehearsedView"];

interface EffectProps {
  effect: Effect | null;
  /** Of a node, where the venue is a chain. */
  rehearsed: Rehearsed | null;
}

/** What the account would be right after it, by a simulation of when it was offered. */
export function EffectTable({ effect, rehearsed }: EffectProps) {
  if (!effect && rehearsed) return <RehearsedNote it={rehearsed} />;
  if (!effect)
    return (
      <p data-testid="manual-sign-unsimulated" className="text-muted text-sm">
        It was not simulated: the desk was sending something signed, which comes first. It can be
        signed all the same.
      </p>
    );
  return (
    <table data-testid="manual-sign-effect" className="w-full border-collapse text-[0.8125rem]">
      <caption className="pb-1 text-left text-2xs text-muted">
        Simulated by the paper venue when it was offered; equity {usd(effect.equityUsd)}
      </caption>
      <thead className="text-2xs text-muted">
        <tr>
          <th className="py-1 text-left font-normal">account</th>
          <th className="py-1 text-right font-normal">before</th>
          <th className="py-1 text-right font-normal">after</th>
        </tr>
      </thead>
      <tbody>
        {rowsOf(effect).map(({ name, before, after }) => (
          <tr key={name} className="border-edge border-t">
            <th scope="row" className="py-1 text-left font-normal">
              {name}
            </th>
            <td className="num py-1 text-right text-muted">{before}</td>
            <td className="num py-1 text-right">{after}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What a node said that ran it when it was offered. */
function RehearsedNote({ it }: { it: Rehearsed }) {
  if (it.silence)
    return (
      <p data-testid="manual-sign-unsimulated" className="wrap-anywhere text-muted text-sm">
        It {it.silence}. It can be signed all the same.
      </p>
    );
  const units = it.units === null ? "" : ` It took ${number(it.units)} compute units.`;
  const error = [it.reason, it.code].filter((one) => one !== null).join(", ");
  return (
    <p
      data-testid="manual-sign-rehearsed"
      data-ok={it.reason === null}
      className={it.reason ? "wrap-anywhere text-sm text-warn" : "text-sm"}
    >
      {it.reason
        ? `A node ran it when it was offered, and it failed; the error is ${error}.`
        : "A node ran it when it was offered: it ran through."}
      {units}
    </p>
  );
}

function rowsOf(it: Effect) {
  return [
    {
      name: "position",
      before: number(it.positionBase, { signed: true }),
      after: number(it.positionAfterBase, { signed: true }),
    },
    { name: "open orders", before: number(it.orders), after: number(it.ordersAfter) },
    { name: "margin in use", before: usd(it.marginUsd), after: usd(it.marginAfterUsd) },
    { name: "fee, at most", before: "", after: sol(String(it.feeLamports)) },
  ];
}
