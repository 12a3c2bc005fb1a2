import type { Schemas } from "@/api/client";
import { Address } from "@/components/address";
import { Fact } from "@/components/num";
import { usePriceText } from "@/desk/hooks";
import { number, words } from "@/lib/text";

/** Where the stop of the open position rests, and which take-profits are done. */
export function ProtectionFacts({ protection }: { protection: Schemas["ProtectionView"] }) {
  const price = usePriceText();
  const { stopPriceUsd, stopStatus, stopDistancePct } = protection;
  return (
    <>
      <Fact name="Stop" testid="position-stop">
        {protection.isHeld ? (
          <>
            {words(stopStatus)} at {price(stopPriceUsd)}
          </>
        ) : (
          <span className="text-bad">
            ✗ not protected: {stopStatus === null ? "no stop" : `stop ${words(stopStatus)}`}
          </span>
        )}
        {stopDistancePct !== null && (
          <span className="block text-2xs text-muted">
            {number(stopDistancePct, { digits: 2 })} % away
            {protection.stopOrderId && (
              <>
                , order <Address of={protection.stopOrderId} testid="position-stop-order" />
              </>
            )}
          </span>
        )}
      </Fact>
      <Fact name="Take-profits done" testid="position-targets">
        {protection.targets.length === 0
          ? "none placed yet"
          : `${protection.targetsFilled} of ${protection.targets.length}`}
      </Fact>
      {protection.targets.map((one) => (
        <Fact key={one.leg} name={one.leg.toUpperCase()} testid={`position-${one.leg}`}>
          {words(one.status)} at {price(one.priceUsd)}
          <span className="block text-2xs text-muted">
            {number(one.filledBase)} of {number(one.quantityBase)} filled
          </span>
        </Fact>
      ))}
    </>
  );
}
