"""What an SLO must say of one series, minute by minute, from the raw samples alone: sums over each window, by the
definitions of docs/rules.md. Written without a look at the engine: no curve, no points, no state but the alert's.

A part has: slo (objective, budget(), tiers, keep, min_bad, events, good_events), known (which minutes can be read),
begin (the first of them), and raw: of events the two counters, of time the lag of each minute, None where nothing
was read.
"""

MIN_COVERAGE = 0.5
MORE = 1 + 1e-9  # "exceeds": rounding must not decide


def growth(values, from_zero_after=None):
    """How much a counter grew until each minute since it was last read; a counter that went down began again at 0.
    One that appears after `from_zero_after` began at 0 as well."""
    grown, last = [0] * len(values), None
    for at, value in enumerate(values):
        if value is None:
            continue
        if last is None:
            last = 0 if from_zero_after is not None and at > from_zero_after else value
        grown[at] = value - last if value >= last else value
        last = value
    return grown


class Sums:
    """Sums of a list over (begin, end]."""

    def __init__(self, values):
        self.until = [0]
        for value in values:
            self.until.append(self.until[-1] + value)

    def over(self, begin, end):
        return self.until[max(end, -1) + 1] - self.until[max(begin, -1) + 1]


def window_of_events(part):
    totals, firsts = part.raw
    born = next(at for at, value in enumerate(totals) if value is not None)
    total, first = growth(totals), growth(firsts, from_zero_after=born)
    # An event is missing from the good ones only when they were read again after it.
    held, holding = [], 0
    for at in range(len(totals)):
        if part.known[at]:
            holding = max(0, total[at] - first[at])
        held.append(holding if part.slo.good_events else 0)
    all_, counted, known = Sums(total), Sums(first), Sums([1 if known else 0 for known in part.known])

    def window(begin, end):
        begin = max(begin, part.begin)
        of = all_.over(begin, end) - held[end] + (held[begin] if begin >= 0 else 0)
        seen = min(counted.over(begin, end), of)
        return (of - seen if part.slo.good_events else seen), of, known.over(begin, end)

    return window


def window_of_time(part):
    bad = Sums([1 if value is not None and value > 1000 else 0 for value in part.raw])
    known = Sums([1 if known else 0 for known in part.known])

    def window(begin, end):
        # A sample holds from its minute to the next one.
        seconds = known.over(begin - 1, end - 1)
        return bad.over(begin - 1, end - 1), seconds, seconds

    return window


def burn(bad, total, budget):
    return bad / total / budget if bad > 0 and total > 0 else 0


def judge(part, window, tier, at):
    """burning, frozen"""
    factor, long, short = tier
    budget = part.slo.budget()
    bad, total, known = window(at - short, at)
    elapsed = at - max(at - short, part.begin)
    frozen = known <= 0 or known / elapsed < MIN_COVERAGE
    burning = burn(bad, total, budget) > factor * MORE and bad >= part.slo.min_bad / MORE
    bad, total, known = window(at - long, at)
    by_what_is_known = burn(bad, total, budget) > factor * MORE
    young, gaps = part.begin > at - long, known / long < MIN_COVERAGE
    if known > 0 and (young or gaps):
        total = max(total, total / known * long)
    surely = burn(bad, total, budget) > factor * MORE
    undecided = burning and by_what_is_known and not surely and gaps and not young
    return burning and surely, frozen or undecided


def firing(part, minutes):
    """The tier that fires in each minute, "" for none."""
    window = window_of_events(part) if part.slo.events else window_of_time(part)
    tiers = sorted(part.slo.tiers, key=lambda tier: -tier[0])
    held, clear_since, said = None, None, []
    for at in range(minutes):
        found = None
        for tier in tiers if at > part.begin else []:
            burning, frozen = judge(part, window, tier, at)
            if tier == held if frozen else burning:
                found = tier
                break
        if found is not None:
            held, clear_since = found, None
        elif held is not None:
            clear_since = at if clear_since is None else clear_since
            if at - clear_since >= part.slo.keep:
                held = clear_since = None
        said.append("" if held is None else f"{held[0]:g}x")
    return said
