import { later } from "@/components/later";
import { Dialog } from "@/components/ui/dialog";
import type { Delegation } from "./use-delegation";

const DelegationBody = later(async () => (await import("./delegation-body")).DelegationBody, {
  name: "delegation",
});

interface DelegationDialogProps {
  open: boolean;
  onOpenChange(open: boolean): void;
  delegation: Delegation;
}

/** Consent, delegate, revoke: what the owner can do, next to what the chain shows. */
export function DelegationDialog({ open, onOpenChange, delegation }: DelegationDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="delegation-dialog"
      title="Who may sign for this account"
      description={`As the chain shows it: ${delegation.venue.name}. The key of your wallet never leaves your wallet.`}
    >
      <DelegationBody delegation={delegation} onLeave={() => onOpenChange(false)} />
    </Dialog>
  );
}
