/** Signing one transaction of the gateway: ask the wallet, hand it in, say what came of it. */
import { useEffect, useRef, useState } from "react";
import { toast } from "sonner";
import { chainOf, type Unsigned, useSigner } from "@/wallet/signing";
import { Declined } from "@/wallet/wallets";
import { type Refusal, refusalOf } from "./refusals";

/** Where it is: nobody was asked, the wallet is, the gateway is, or it is on its way. */
export type Phase = "idle" | "wallet" | "sending" | "sent";

interface Signing {
  unsigned: Unsigned;
  cluster: string;
  /** Hands the signed transaction in, in base64. */
  submit(signed: string): Promise<unknown>;
}

export function useSigning({ unsigned, cluster, submit }: Signing) {
  const signer = useSigner();
  const [phase, setPhase] = useState<Phase>("idle");
  const [refusal, setRefusal] = useState<Refusal | null>(null);

  const isShown = useRef(true);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);

  const refuse = (found: Refusal) => {
    setRefusal(found);
    // Who closed the window while the wallet asked hears of it all the same.
    if (!isShown.current) toast.error(found.title, { description: found.text, id: found.code });
  };
  const sign = async () => {
    setRefusal(null);
    setPhase("wallet");
    try {
      const signed = await signer(unsigned, chainOf(cluster));
      setPhase("sending");
      await submit(signed);
      setPhase("sent");
    } catch (error) {
      setPhase("idle");
      if (error instanceof Declined)
        toast.message("Declined in the wallet. Nothing was sent.", { id: "declined" });
      else refuse(refusalOf(error));
    }
  };
  return { phase, refusal, sign };
}
