/** Signing one transaction of the gateway: ask the wallet, hand it in, say what came of it. */
import { useEffect, useRef, useState } from "react";
import { tell } from "@/features/toasts/tell";
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
  const [isDeclined, setDeclined] = useState(false);

  const isShown = useRef(true);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);

  // Who closed the window while the wallet asked hears of it all the same.
  const refuse = (found: Refusal) => {
    setRefusal(found);
    if (!isShown.current) tell("critical", found.title, { id: found.code, detail: found.text });
  };
  const decline = () => {
    setDeclined(true);
    if (!isShown.current)
      tell("info", "Declined in the wallet. Nothing was sent.", { id: "declined" });
  };
  const sign = async () => {
    setRefusal(null);
    setDeclined(false);
    setPhase("wallet");
    try {
      const signed = await signer(unsigned, chainOf(cluster));
      setPhase("sending");
      await submit(signed);
      setPhase("sent");
    } catch (error) {
      setPhase("idle");
      if (error instanceof Declined) decline();
      else refuse(refusalOf(error));
    }
  };
  return { phase, refusal, isDeclined, sign };
}
