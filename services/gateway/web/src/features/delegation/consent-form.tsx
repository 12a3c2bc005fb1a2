import { useState } from "react";
import { sentence } from "@/api/client";
import { Loading } from "@/components/panel";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/input";
import { plural, usd } from "@/lib/text";
import { useConsent, useConsentText } from "./use-delegation";

/** The text that the owner agrees to before a key is made; the receipt is an event of the log. */
export function ConsentForm({ isAgain }: { isAgain: boolean }) {
  const { data: text, error } = useConsentText(true);
  const consent = useConsent();
  /** The hash of the text that was read; another text needs another tick. */
  const [read, setRead] = useState("");
  if (error)
    return (
      <p role="status" data-testid="consent-error" className="text-warn">
        {sentence(error)}
      </p>
    );
  if (!text) return <Loading lines={8} testid="consent-loading" />;
  const isRead = read === text.textSha256;
  return (
    <form
      data-testid="delegate-consent"
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (isRead) consent.mutate(text.textSha256);
      }}
    >
      {isAgain && (
        <p data-testid="consent-changed" className="border-warn border-l-4 pl-3 text-sm">
          The text changed since you agreed, because a limit in it did. Read it again before the
          next key.
        </p>
      )}
      <p className="wrap-anywhere text-sm">{text.title}.</p>
      <dl className="grid gap-3 text-sm sm:grid-cols-2">
        <div className="rounded-xl border border-bad/70 p-3">
          <dt className="text-muted">Worst case</dt>
          <dd>
            <strong data-testid="consent-worst-case" className="num text-lg">
              {usd(text.limits.worstCaseLossUsd)}
            </strong>
            <span className="block">All that lies in this sub-account can be lost.</span>
          </dd>
        </div>
        <div className="rounded-xl border border-edge p-3">
          <dt className="text-muted">Ends by itself</dt>
          <dd>
            <strong data-testid="consent-expiry" className="num text-lg">
              after {plural(text.keyHours, "hour")}
            </strong>
            <span className="block">You can take it back at any time before.</span>
          </dd>
        </div>
      </dl>
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
        {text.sections.map(({ heading, points }) => (
          <div key={heading}>
            <h3 className="font-semibold text-sm">{heading}</h3>
            <ul className="mt-1 flex list-disc flex-col gap-1 pl-5 text-sm">
              {points.map((point) => (
                <li key={point}>{point}</li>
              ))}
            </ul>
          </div>
        ))}
      </div>
      <label className="flex cursor-pointer items-start gap-3">
        <Checkbox
          data-testid="delegate-consent-check"
          checked={isRead}
          onChange={(event) => setRead(event.target.checked ? text.textSha256 : "")}
        />
        <span>I have read this, and agree that the desk trades within it for this wallet.</span>
      </label>
      <div className="flex flex-wrap items-center justify-end gap-3">
        <p role="status" data-testid="consent-said" className="min-w-0 flex-1 text-sm text-warn">
          {consent.isPending ? "Requested …" : consent.error ? sentence(consent.error) : ""}
        </p>
        <Button
          type="submit"
          variant="primary"
          size="large"
          data-testid="delegate-consent-agree"
          disabled={!isRead || consent.isPending}
        >
          Agree
        </Button>
      </div>
      <p className="num wrap-anywhere text-2xs text-muted">
        The log keeps this text, the time, and its hash {text.textSha256}
      </p>
    </form>
  );
}
