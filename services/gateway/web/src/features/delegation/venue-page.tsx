interface VenuePageProps {
  address: string;
  testid: string;
}

/** Leads to the venue's own page of the account, which works while this desk is away. */
export function VenuePage({ address, testid }: VenuePageProps) {
  return (
    <a
      href={address}
      target="_blank"
      rel="noreferrer"
      data-testid={testid}
      className="inline-flex min-h-6 items-center underline underline-offset-4 hover:text-ink"
    >
      {new URL(address).host}
    </a>
  );
}
