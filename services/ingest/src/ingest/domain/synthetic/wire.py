"""A planned minute as Binance frames, in exchange order, for the decoder of the real ones."""

from collections.abc import Iterator

from ingest.domain.synthetic.plan import Chance, ForcedTrade, MinutePlan

MINUTE_MS = 60_000
UPDATE_ID_BASE = 7_000_000_000_000
FUNDING_MS = 8 * 3600 * 1000
BASIS_CENTS = 3
_FUNDING = b"0.00010000"


class MinuteWire:
    """Writes one minute. `first_id` is the id of its first trade."""

    def __init__(self, plan: MinutePlan, *, start_ms: int, first_id: int, chance: Chance) -> None:
        self._plan = plan
        self._start_ms = start_ms
        self._first_id = first_id
        self._chance = chance
        self._bid = 0
        self._second = 0
        self._forced = list(plan.forced)

    def frames(self) -> Iterator[bytes]:
        """Give the minute's frames in the order of their times."""
        plan, chance = self._plan, self._chance
        loss = plan.loss
        trade_id = self._first_id
        wobble = 0.0
        is_lost = False
        for index in range(plan.trades):
            at_s = (index + chance.random()) * 60 / plan.trades
            if loss is not None:
                at_s = _around(loss.at_s, loss.silence_s, at_s)
                if not is_lost and at_s > loss.at_s:
                    is_lost = True
                    trade_id += loss.trades
            wobble = wobble * 0.92 + (chance.random() - 0.5) * plan.noise
            cents = self._path(at_s) + wobble * min(1.0, (60 - at_s) / 4)
            yield from self._until(at_s, cents)
            yield from self._book(cents, trade_id, at_s, is_due=index % 8 == 0)
            is_buy = chance.random() < plan.buys
            drawn = chance.random()
            quantity = 1 + int(drawn * drawn * drawn * plan.size * 4)
            yield self._trade(trade_id, at_s, self._bid + is_buy, quantity, is_buy=is_buy)
            trade_id += 1
        yield from self._until(60.0, plan.close)

    def _path(self, at_s: float) -> float:
        plan = self._plan
        second, price = 0.0, plan.open
        for next_s, cents in (*plan.via, (60.0, plan.close)):
            if at_s <= next_s:
                return price + (cents - price) * (at_s - second) / (next_s - second)
            second, price = next_s, cents
        return plan.close

    def _until(self, at_s: float, cents: float) -> Iterator[bytes]:
        """Give what is due before a time: a mark price every second, and forced orders."""
        while self._second <= at_s and self._second < 60:
            yield self._mark(self._second, int(cents))
            self._second += 1
        while self._forced and self._forced[0].at_s <= at_s:
            yield self._force(self._forced.pop(0), int(cents))

    def _ms(self, at_s: float) -> int:
        return self._start_ms + int(at_s * 1000)

    def _book(self, cents: float, trade_id: int, at_s: float, *, is_due: bool) -> Iterator[bytes]:
        bid = int(cents)
        if bid == self._bid and not is_due:
            return
        self._bid = bid
        sizes = (20 + int(self._chance.random() * 900), 20 + int(self._chance.random() * 900))
        at_ms = self._ms(at_s)
        yield (
            b'{"stream":"solusdt@bookTicker","data":{"e":"bookTicker","u":%d,"s":"SOLUSDT",'
            b'"b":"%b","B":"%d","a":"%b","A":"%d","T":%d,"E":%d,"st":1}}'
            % (
                UPDATE_ID_BASE + trade_id * 3,
                _price(bid),
                sizes[0],
                _price(bid + 1),
                sizes[1],
                at_ms,
                at_ms + 2,
            )
        )

    def _trade(
        self, trade_id: int, at_s: float, cents: int, quantity: int, *, is_buy: bool
    ) -> bytes:
        at_ms = self._ms(at_s)
        size = _price(quantity)
        return (
            b'{"stream":"solusdt@aggTrade","data":{"e":"aggTrade","E":%d,"a":%d,"s":"SOLUSDT",'
            b'"p":"%b","q":"%b","nq":"%b","f":%d,"l":%d,"T":%d,"m":%b,"st":1}}'
            % (
                at_ms + 120,
                trade_id,
                _price(cents),
                size,
                size,
                trade_id * 2,
                trade_id * 2 + 1,
                at_ms,
                b"false" if is_buy else b"true",
            )
        )

    def _mark(self, second: int, cents: int) -> bytes:
        at_ms = self._start_ms + second * 1000
        mark, index = _price(cents), _price(cents - BASIS_CENTS)
        return (
            b'{"stream":"solusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":%d,'
            b'"s":"SOLUSDT","p":"%b","ap":"%b","P":"%b","i":"%b","r":"%b","T":%d,"st":1}}'
            % (
                at_ms,
                mark,
                mark,
                index,
                index,
                _FUNDING,
                (at_ms // FUNDING_MS + 1) * FUNDING_MS,
            )
        )

    def _force(self, forced: ForcedTrade, cents: int) -> bytes:
        at_ms = self._ms(forced.at_s)
        size = _price(forced.quantity)
        is_long = forced.side == "long"
        return (
            b'{"stream":"solusdt@forceOrder","data":{"e":"forceOrder","E":%d,"o":{"s":"SOLUSDT",'
            b'"S":"%b","o":"LIMIT","f":"IOC","q":"%b","p":"%b","ap":"%b","X":"FILLED","l":"%b",'
            b'"z":"%b","T":%d,"ps":"SOLUSDT","st":1}}}'
            % (
                at_ms + 1005,
                b"SELL" if is_long else b"BUY",
                size,
                _price(cents - 60 if is_long else cents + 60),
                _price(cents),
                size,
                size,
                at_ms,
            )
        )


def _around(at_s: float, silence_s: float, planned_s: float) -> float:
    """Squeeze a time of the minute out of the silence, keeping the order."""
    spoken = 60 - silence_s
    squeezed = planned_s * spoken / 60
    return squeezed if squeezed <= at_s else squeezed + silence_s


def _price(hundredths: int) -> bytes:
    return b"%d.%02d" % (hundredths // 100, hundredths % 100)
