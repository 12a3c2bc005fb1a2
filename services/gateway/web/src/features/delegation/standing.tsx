import { Address } from "@/components/address";
import { Fact } from "@/components/num";
import { Badge } from "@/components/ui/badge";
import { usePreferences } from "@/desk/preferences";
import { shortened, words } from "@/lib/text";
import { countdown, moment } from "@/lib/time";
import type { Standing as Told } from "./states";
import type { Delegation } from "./use-delegation";
import { VenuePage } from "./venue-page";

interface StandingProps {
  told: Told;
  delegation: Delegation;
}

/** The state, and what it means. */
export function Standing({ told, delegation }: StandingProps) {
  const { zone } = usePreferences();
  const { stateAt, readAt } = delegation;
  return (
    <section
      role="status"
      data-testid="delegation-standing"
      className="flex flex-wrap items-center gap-x-3 gap-y-2"
    >
      <Badge tone={told.tone} className="min-h-8 px-3 text-sm">
        <span aria-hidden>{told.mark}</span>
        {told.label}
      </Badge>
      <p className="min-w-60 flex-1 text-sm">
        {told.sentence}
        {told.state === "unknown" && stateAt && (
          <span className="num block text-muted text-xs">
            last seen at {moment(stateAt, zone, readAt)}
          </span>
        )}
      </p>
    </section>
  );
}

interface FactsProps {
  delegation: Delegation;
  now: number;
}

/** Addresses, the key with its end, and what was last sent; each address can be copied. */
export function Facts({ delegation, now }: FactsProps) {
  const { zone } = usePreferences();
  const { key, destroyed, onChain, owner, venue } = delegation;
  return (
    <dl className="text-sm">
      {owner && (
        <Fact name="Owner" testid="delegation-owner">
          <Address of={owner} testid="copy-owner" />
        </Fact>
      )}
      <Fact name={`Sub-account ${venue.subAccount}`} testid="delegation-account">
        {venue.user ? <Address of={venue.user} testid="copy-account" /> : "not opened"}
      </Fact>
      <Fact name="Program" testid="delegation-program">
        {shortened(venue.programName, 6)} <Address of={venue.program} testid="copy-program" /> on{" "}
        {words(venue.cluster)}
      </Fact>
      <Fact name="Quote asset" testid="delegation-quote">
        {shortened(venue.quote, 6)}
      </Fact>
      {venue.accountPage && (
        <Fact name="The venue's own page" testid="delegation-page">
          <VenuePage address={venue.accountPage} testid="venue-page" />
        </Fact>
      )}
      <Fact name="Delegate on the chain" testid="delegation-on-chain">
        {onChain ? <Address of={onChain} testid="copy-on-chain" /> : "nobody"}
      </Fact>
      {key && (
        <>
          <Fact name="Key of this desk" testid="delegation-key">
            <Address of={key.address} testid="copy-key" />
          </Fact>
          <Fact name="It ends" testid="delegation-key-end">
            {moment(key.expiresAt, zone, now)}
            {delegation.chainTime !== null && `, in ${countdown(key.expiresAt, now)}`}
          </Fact>
        </>
      )}
      {!key && destroyed && (
        <Fact name="Last key" testid="delegation-destroyed">
          <Address of={destroyed.address} testid="copy-destroyed" /> destroyed{" "}
          {moment(destroyed.at, zone, now)}: {words(destroyed.reason)}
        </Fact>
      )}
    </dl>
  );
}
