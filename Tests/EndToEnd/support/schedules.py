"""Schedules by chance, and when croniter has them due: the peer of the schedule reader.

    python Tests/EndToEnd/support/schedules.py > Tests/Fixtures/schedules/croniter.tsv     what the unit tests compare with

croniter says which times of day a schedule names; what is due where clocks are set is decided here, beside zoneinfo, as docs/configuration.md has
it: croniter itself has what is due once at both of the times that come twice, which no cron of Debian does.
"""

import functools
import random
import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from croniter import croniter

# With clocks that are set by an hour, by half an hour, and in the other half of the year.
ZONES = ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe"]
FIELDS = [(0, 59, []), (0, 23, []), (1, 31, []), (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec".split()), (0, 6, "sun mon tue wed thu fri sat".split())]
NICKNAMES = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"]


@functools.cache
def changes(zone, years=(2024, 2025, 2026, 2027)):
    """The Unix times at which clocks are set, and by how many seconds."""
    z = ZoneInfo(zone)
    found = []
    hour = int(datetime(years[0], 1, 1, tzinfo=timezone.utc).timestamp())
    end = int(datetime(years[-1] + 1, 1, 1, tzinfo=timezone.utc).timestamp())
    offset = datetime.fromtimestamp(hour, z).utcoffset()
    while hour < end:
        hour += 1800
        now = datetime.fromtimestamp(hour, z).utcoffset()
        if now != offset:
            found.append((hour, (now - offset).total_seconds()))
        offset = now
    return found


def number(rng, names, value):
    return rng.choice([str(value), names[value - (1 if len(names) == 12 else 0)].upper()]) if names and rng.random() < 0.4 else str(value)


def item(rng, low, high, names):
    kind = rng.random()
    if kind < 0.5:
        return number(rng, names, rng.randint(low, high))
    start = rng.randint(low, high - 1)
    # Never all numbers: croniter takes these for a star, cron does not.
    end = rng.randint(start + 1, high - (1 if start == low else 0)) if start + 1 <= high - (1 if start == low else 0) else start + 1
    text = f"{number(rng, names, start)}-{number(rng, names, end)}"
    return text + (f"/{rng.randint(1, max(1, (high - low) // 2))}" if rng.random() < 0.4 else "")


def field(rng, low, high, names, star):
    if rng.random() < star:
        return "*" if rng.random() < 0.7 else f"*/{rng.randint(2, max(2, (high - low) // 2))}"
    return ",".join(item(rng, low, high, names) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def expression(rng):
    if rng.random() < 0.02:
        return rng.choice(NICKNAMES)
    stars = (0.2, 0.35, 0.6, 0.7, 0.6)
    while True:
        text = " ".join(field(rng, *f, star=s) for f, s in zip(FIELDS, stars))
        if rng.random() < 0.1:
            text = re.sub(r"\b0$", "7", text)
        _, _, days, months, week = croniter.expand(text)[0]
        # Lists that together are all numbers are a star to croniter, too.
        if not any(set(d) == {"*"} and t[0] != "*" for d, t in ((days, text.split()[2]), (week, text.split()[4]))) and comes(text, days, months):
            return text


def comes(text, days, months):
    """Whether any of its months has any of its days: 30 February comes never, and is refused."""
    if days == ["*"] or text.split()[4][0] != "*":  # of the days of the week one comes always
        return True
    longest = max({2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(m, 31) for m in (range(1, 13) if months == ["*"] else months))
    return min(days) <= longest


def due(text, zone, after, count):
    """The next Unix times of a schedule."""
    z = ZoneInfo(zone)
    hour = {"@hourly": "*"}.get(text, "0") if text.startswith("@") else text.split()[1]
    goes_by_the_clock = hour.startswith("*")
    wall = datetime.fromtimestamp(after, z).replace(tzinfo=None, microsecond=0) - timedelta(hours=3)
    times, horizon = set(), None
    it = croniter(text, wall, implement_cron_bug=True, max_years_between_matches=100)
    while horizon is None or wall <= horizon:
        wall = it.get_next(datetime)
        first, second = wall.replace(tzinfo=z, fold=0), wall.replace(tzinfo=z, fold=1)
        stamps = sorted({int(first.timestamp()), int(second.timestamp())})
        if datetime.fromtimestamp(first.timestamp(), z).replace(tzinfo=None) != wall:  # the clocks skip it
            times |= set() if goes_by_the_clock else {change_near(zone, stamps)}
        else:
            times |= set(stamps) if goes_by_the_clock else {stamps[0]}
        if horizon is None and len([t for t in times if t > after]) >= count:
            horizon = wall + timedelta(hours=3)
    return sorted(t for t in times if t > after)[:count]


def change_near(zone, stamps):
    """When clocks are set forward over a time that they never show."""
    z = ZoneInfo(zone)
    low, high = stamps[0] - 7200, stamps[-1] + 7200
    before = datetime.fromtimestamp(low, z).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if datetime.fromtimestamp(middle, z).utcoffset() == before else (low, middle)
    return high


def cases(seed, count):
    """Zone, time and expression, half of them near a change of the clocks."""
    rng = random.Random(seed)
    near = {zone: [t for t, _ in changes(zone)] for zone in ZONES}
    for _ in range(count):
        zone = rng.choice(ZONES)
        after = rng.choice(near[zone]) + rng.randint(-100_000, 20_000) if rng.random() < 0.5 else rng.randint(1_700_000_000, 1_900_000_000)
        yield zone, after, expression(rng)


if __name__ == "__main__":
    print("# Made by Tests/EndToEnd/support/schedules.py: zone, Unix time, schedule, the next times behind it.")
    for zone, after, text in cases(1, 1_500):
        print(zone, after, text, " ".join(map(str, due(text, zone, after, 3))), sep="\t")
