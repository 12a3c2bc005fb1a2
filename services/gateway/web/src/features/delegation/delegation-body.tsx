import { useAccess } from "@/desk/hooks";
import { ModeChoice } from "@/features/signing/mode-choice";
import { useByHand } from "@/features/signing/use-by-hand";
import { ConsentForm } from "./consent-form";
import { DelegateStep } from "./delegate-step";
import { Journey } from "./journey";
import { Faults, Preflight } from "./preflight";
import { RevokeSection } from "./revoke-section";
import { Facts, Standing } from "./standing";
import { type BadgeState, standingOf } from "./states";
import { Steps } from "./steps";
import { type Delegation, useChainNow } from "./use-delegation";

interface DelegationBodyProps {
  delegation: Delegation;
  onLeave(): void;
}

const BY_HAND = "Nobody but the owner may sign: every transaction waits for that wallet.";

/** What the window of the delegation shows. */
export function DelegationBody({ delegation, onLeave }: DelegationBodyProps) {
  const now = useChainNow(delegation);
  const { data: byHand } = useByHand();
  const { isOwner, mayAct, owner, key, onChain, preflight } = delegation;
  const needsNobody = byHand?.mode === "manual" && onChain === null;
  const standing = standingOf(delegation, now);
  const told = needsNobody ? { ...standing, sentence: BY_HAND } : standing;
  return (
    <div className="flex flex-col gap-5">
      <Standing told={told} delegation={delegation} />
      {!mayAct && <NotOwner owner={owner} />}
      {mayAct && !isOwner && <ForOwner owner={owner} />}
      {mayAct && byHand && <ModeChoice byHand={byHand} />}
      {mayAct && !needsNobody && (
        <OwnerSteps delegation={delegation} state={told.state} now={now} onLeave={onLeave} />
      )}
      <details
        data-testid="delegation-facts"
        open={told.state === "active" || told.state === "foreign"}
        className="rounded-xl border border-edge px-4 py-2.5"
      >
        <summary data-testid="delegation-facts-toggle" className="min-h-6 cursor-pointer text-sm">
          Account, key and chain
        </summary>
        <div className="mt-2">
          <Facts delegation={delegation} now={now} />
        </div>
        {key && (
          <p data-testid="delegation-at-end" className="mt-2 text-muted text-xs">
            At its end the key is destroyed, and the desk can change or close nothing any more;
            stops and take-profits that rest on the venue stay. The chain names the dead key until
            you revoke it or delegate anew. It is not renewed by itself.
          </p>
        )}
      </details>
      <Preflight checks={preflight} />
    </div>
  );
}

function NotOwner({ owner }: { owner: string | null }) {
  const { data: access } = useAccess();
  return (
    <p data-testid="delegation-not-owner" className="wrap-anywhere text-sm">
      {access?.session
        ? `You are signed in with ${access.session.wallet}. Only the owner's wallet, ${owner}, can change this: sign out, choose it in the wallet, and sign in again.`
        : `Only the owner's wallet, ${owner}, can change this.`}
    </p>
  );
}

/** For an owner that cannot sign in, as hardware wallets cannot: it signs transactions all the same. */
function ForOwner({ owner }: { owner: string | null }) {
  return (
    <p
      data-testid="delegation-for-owner"
      className="wrap-anywhere rounded-xl border border-edge px-4 py-3 text-sm"
    >
      You act for the owner, {owner}, whose wallet does not sign in here. What you agree to is
      recorded as yours, for the owner; each transaction waits for the owner's own signature. Choose
      that account in the wallet before you sign: you stay signed in.
    </p>
  );
}

interface OwnerStepsProps {
  delegation: Delegation;
  state: BadgeState;
  now: number;
  onLeave(): void;
}

/** What comes next for the owner; one thing at a time. */
function OwnerSteps({ delegation, state, now, onLeave }: OwnerStepsProps) {
  const { sent, onChain, preflight } = delegation;
  const hasConsent = delegation.consent?.isCurrent === true;
  const isFailed = sent?.status === "failed" || sent?.status === "expired";
  if (state === "unknown")
    return (
      <>
        <Faults checks={preflight} />
        <p data-testid="delegation-wait" className="text-muted text-sm">
          Nothing can be signed here until the chain is read again.
        </p>
      </>
    );
  if (state === "submitted" || state === "revoking" || state === "active")
    return (
      <>
        {state === "submitted" && <Steps state={state} hasConsent />}
        {state === "active" && <Faults checks={preflight} />}
        <Journey delegation={delegation} />
        {state === "active" && <RevokeSection delegation={delegation} now={now} />}
      </>
    );
  return (
    <>
      {(isFailed || state === "revoked") && <Journey delegation={delegation} />}
      {onChain !== null && <RevokeSection delegation={delegation} now={now} />}
      <Steps state={state} hasConsent={hasConsent} />
      <Faults checks={preflight} />
      {hasConsent ? (
        <DelegateStep delegation={delegation} now={now} onLeave={onLeave} />
      ) : (
        <ConsentForm isAgain={delegation.consent !== null} />
      )}
    </>
  );
}
