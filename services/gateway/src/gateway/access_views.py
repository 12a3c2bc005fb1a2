"""What the API answers about signing in; no answer holds what opens a session."""

from gateway.view import View


class ChallengeView(View, frozen=True):
    """What a wallet is to sign."""

    challenge_id: str
    message: str
    """The text, to the byte."""
    input: dict[str, str]
    """The same as fields: what `solana:signIn` takes."""
    expires_at: str


class SessionView(View, frozen=True):
    """One browser of a wallet, signed in. The id names it and opens nothing."""

    id: str
    wallet: str
    account: str
    is_current: bool
    signed_in_at: str
    fresh_until: str
    """Until then what is dangerous is allowed; after that sign in again."""
    idle_at: str
    """When it ends, unless it is used before."""
    expires_at: str
    address: str
    user_agent: str


class SessionList(View, frozen=True):
    """The sessions of one wallet."""

    items: list[SessionView]


class AccessView(View, frozen=True):
    """Who may command this desk."""

    mode: str
    """`local`: whoever reaches it on its own machine; `wallet`: who signs in."""
    account: str | None
    session: SessionView | None
    may_stop_all: bool
    """Whether whoever asks may stop and resume all accounts: an operator's wallet may, and the
    person at a desk without sign-in."""


class EndedView(View, frozen=True):
    """How many sessions were ended."""

    sessions: int
    status: str
    """`ended`, or `ending`: here at once, elsewhere as soon as the store answers."""
