#!/usr/bin/env python3
"""Writes rrule.jsonl beside this file: recurrence rules and their instants in naive UTC, by python-dateutil.

    pip install python-dateutil==4.0.0 && python3 make_rrule_cases.py

The seed is fixed, so the file changes only with this script and with dateutil. Each line has the text of a schedule,
an instant `after`, the next instants after it (up to 8), how many there are in the two years after it, the last one
before it, and whether the rule ends within the calendar (`end`: the list `next` is all there is).

Rules that dateutil takes and RFC 5545 forbids are not in this file; cron-core refuses them, and its tests show that.
Left out as well: numbered and unnumbered weekdays in one BYDAY, for which dateutil finds nothing and RFC 5545 wants both.
"""

import json
import random
import sys
from datetime import datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path

from dateutil.rrule import rruleset, rrulestr

SEED = 5545
RANDOM_CASES = 360
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

# One or more of each construct, by hand; the random ones follow.
BY_HAND = [
    # The examples of RFC 5545, 3.8.5.3, that are HOURLY or slower.
    ("19970902T090000", "FREQ=DAILY;COUNT=10"),
    ("19970902T090000", "FREQ=DAILY;UNTIL=19971224T000000Z"),
    ("19970902T090000", "FREQ=DAILY;INTERVAL=2"),
    ("19970902T090000", "FREQ=DAILY;INTERVAL=10;COUNT=5"),
    ("19980101T090000", "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA"),
    ("19980101T090000", "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1"),
    ("19970902T090000", "FREQ=WEEKLY;COUNT=10"),
    ("19970902T090000", "FREQ=WEEKLY;UNTIL=19971224T000000Z"),
    ("19970902T090000", "FREQ=WEEKLY;INTERVAL=2;WKST=SU"),
    ("19970902T090000", "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH"),
    ("19970901T090000", "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR"),
    ("19970902T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH"),
    ("19970905T090000", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR"),
    ("19970905T090000", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR"),
    ("19970907T090000", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU"),
    ("19970922T090000", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO"),
    ("19970928T090000", "FREQ=MONTHLY;BYMONTHDAY=-3"),
    ("19970902T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15"),
    ("19970930T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1"),
    ("19970910T090000", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15"),
    ("19970902T090000", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU"),
    ("19970610T090000", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7"),
    ("19970310T090000", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3"),
    ("19970101T090000", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200"),
    ("19970519T090000", "FREQ=YEARLY;BYDAY=20MO"),
    ("19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"),
    ("19970313T090000", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH"),
    ("19970605T090000", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8"),
    ("19970902T090000", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"),
    ("19970913T090000", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13"),
    ("19961105T090000", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8"),
    ("19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3"),
    ("19970929T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2"),
    ("19970902T090000", "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z"),
    ("19970902T090000", "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40"),
    ("19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO"),
    ("19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU"),
    ("20070115T090000", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5"),
    # Leap days, ends of years, and weeks that belong to two years.
    ("20000229T120000", "FREQ=YEARLY"),
    ("20000229T120000", "FREQ=YEARLY;INTERVAL=4"),
    ("20960229T120000", "FREQ=YEARLY;INTERVAL=4"),
    ("20200131T120000", "FREQ=MONTHLY"),
    ("20200131T120000", "FREQ=MONTHLY;INTERVAL=5"),
    ("20201231T235959", "FREQ=DAILY;INTERVAL=365"),
    ("20200101T000000", "FREQ=YEARLY;BYYEARDAY=366,-366"),
    ("20200101T000000", "FREQ=YEARLY;BYYEARDAY=-1,-60,60"),
    ("20190101T000000", "FREQ=YEARLY;BYWEEKNO=53"),
    ("20190101T000000", "FREQ=YEARLY;BYWEEKNO=53,1;BYDAY=MO,SU"),
    ("20190101T000000", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SA"),
    ("20190101T000000", "FREQ=YEARLY;BYWEEKNO=1;WKST=SU"),
    ("20190101T060000", "FREQ=YEARLY;BYWEEKNO=1,2,52,53;BYDAY=TH;WKST=WE"),
    ("20191230T000000", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,WE,SU"),
    ("20191231T000000", "FREQ=WEEKLY;BYMONTH=1;BYDAY=MO,WE,SU"),
    ("20191225T080000", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1"),
    ("20191225T080000", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1;INTERVAL=2;WKST=TH"),
    ("20200101T000000", "FREQ=YEARLY;BYDAY=53TH,-52MO,1SA"),
    ("20200101T000000", "FREQ=YEARLY;BYMONTH=2,8;BYDAY=5SA,-4MO"),
    # Positions: in days, in times of a day, in hours.
    ("20200101T000000", "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1,100,-100"),
    ("20200101T000000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,17;BYSETPOS=1,2,-1"),
    ("20200101T093000", "FREQ=DAILY;BYHOUR=6,12,18;BYMINUTE=0,30;BYSETPOS=2,-1"),
    ("20200101T093000", "FREQ=HOURLY;BYMINUTE=0,10,20,30;BYSETPOS=-1,1"),
    ("20200101T093000", "FREQ=HOURLY;BYMINUTE=5,25;BYSECOND=1,2,3;BYSETPOS=4"),
    ("20200101T000000", "FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR;BYSETPOS=1"),
    ("20200101T000000", "FREQ=MONTHLY;BYMONTHDAY=29,30,31;BYSETPOS=3"),
    # Hours that are counted over days, and days that have none of them.
    ("20200101T010000", "FREQ=HOURLY;INTERVAL=5"),
    ("20200101T010000", "FREQ=HOURLY;INTERVAL=7;BYHOUR=3,9,15"),
    ("20200101T013015", "FREQ=HOURLY;INTERVAL=36"),
    ("20200101T010000", "FREQ=HOURLY;INTERVAL=1000"),
    ("20200101T010000", "FREQ=HOURLY;BYDAY=SA,SU;BYHOUR=0,23"),
    ("20200101T010000", "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=29;BYMINUTE=15,45"),
    ("20200101T010000", "FREQ=HOURLY;INTERVAL=11;BYYEARDAY=1,-1"),
    ("20200101T010000", "FREQ=HOURLY;COUNT=30;INTERVAL=9"),
    # Dates taken away and added.
    ("20260105T090000", "FREQ=WEEKLY;BYDAY=MO", ["20260112T090000", "20260113T090000"], ["20260114T100000"]),
    ("20260105T090000", "FREQ=DAILY;COUNT=5", ["20260105T090000", "20260107T090000"], []),
    ("20260105T090000", "FREQ=DAILY;COUNT=3", [], ["20260106T090000", "20270101T000000", "20250101T000000"]),
    ("20260105T090000", "FREQ=DAILY;COUNT=3", ["20260301T000000"], ["20260301T000000", "20260302T000000"]),
    ("20260105T090000", "FREQ=MONTHLY;UNTIL=20260705T090000", ["20260705T090000"], ["20260801T090000"]),
]


def stamp(time):
    return time.strftime("%Y%m%dT%H%M%S")


def some(rng, values, most):
    return sorted(rng.sample(list(values), rng.randint(1, min(most, len(values)))), key=lambda n: (n < 0, n))


def signed(rng, last, most):
    return some(rng, [n for n in range(-last, last + 1) if n != 0], most)


def numbers(values):
    return ",".join(str(value) for value in values)


def random_rule(rng):
    """A rule that RFC 5545 allows, with every part now and then."""
    freq = rng.choice(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"])
    start = datetime(1975, 1, 1) + timedelta(seconds=rng.randrange(60 * 366 * 86400))
    start = start.replace(second=rng.choice([0, 0, start.second]), minute=rng.choice([0, 30, start.minute]))
    parts = {}
    has = lambda chance: rng.random() < chance
    if has(0.5):
        parts["INTERVAL"] = rng.choice([2, 3, 4, 5, 7, 10, 13, 24])
    if has(0.3):
        parts["WKST"] = rng.choice(DAYS)
    if has(0.3):
        parts["BYMONTH"] = numbers(some(rng, range(1, 13), 4))
    if freq == "YEARLY" and has(0.25):
        parts["BYWEEKNO"] = numbers(signed(rng, 53, 4))
    if freq in ("YEARLY", "HOURLY") and "BYWEEKNO" not in parts and has(0.2):
        parts["BYYEARDAY"] = numbers(signed(rng, 366, 6))
    if freq != "WEEKLY" and "BYYEARDAY" not in parts and "BYWEEKNO" not in parts and has(0.35):
        parts["BYMONTHDAY"] = numbers(signed(rng, 31, 5))
    if has(0.45):
        if freq in ("YEARLY", "MONTHLY") and "BYWEEKNO" not in parts and has(0.5):
            last = 4 if freq == "MONTHLY" or "BYMONTH" in parts else 52
            parts["BYDAY"] = ",".join(f"{n}{rng.choice(DAYS)}" for n in signed(rng, last, 3))
        else:
            parts["BYDAY"] = ",".join(rng.sample(DAYS, rng.randint(1, 5)))
    if has(0.4):
        parts["BYHOUR"] = numbers(some(rng, range(24), 4))
    if has(0.3):
        parts["BYMINUTE"] = numbers(some(rng, range(60), 3))
    if has(0.15):
        parts["BYSECOND"] = numbers(some(rng, range(60), 3))
    if freq == "HOURLY":
        # dateutil looks at every hour, and at years of them for a day that is rare.
        for name in [name for name in parts if name in ("BYMONTH", "BYYEARDAY", "BYMONTHDAY", "BYDAY")][1:]:
            del parts[name]
    if any(name.startswith("BY") for name in parts) and has(0.3):
        parts["BYSETPOS"] = numbers(signed(rng, 4, 3))
    if has(0.25):
        parts["COUNT"] = rng.choice([1, 2, 3, 10, 50, 300])
    elif has(0.2):
        parts["UNTIL"] = stamp(start + timedelta(days=rng.randrange(1, 4000)))
    names = list(parts)
    rng.shuffle(names)
    return stamp(start), ";".join([f"FREQ={freq}"] + [f"{name}={parts[name]}" for name in names])


def case(start, rule, removed=(), added=(), rng=None):
    lines = [f"DTSTART:{start}", f"RRULE:{rule}"]
    first = datetime.strptime(start, "%Y%m%dT%H%M%S")
    times = rruleset()
    # dateutil wants both ends in one form; all of this is in UTC. It would go on to the year 9999.
    bounded = rule if "COUNT" in rule or "UNTIL" in rule else f"{rule};UNTIL=21991231T235959"
    times.rrule(rrulestr(bounded.replace("Z;", ";").removesuffix("Z"), dtstart=first))
    if rng is not None and rng.random() < 0.25:
        some_of = list(islice(times, 30))
        removed = [stamp(t) for t in rng.sample(some_of, min(len(some_of), 3))]
        removed.append(stamp(first + timedelta(days=1, seconds=7)))
    if rng is not None and rng.random() < 0.15:
        added = [stamp(first + timedelta(days=rng.randrange(900), hours=rng.randrange(24))) for _ in range(3)]
    if removed:
        lines.append("EXDATE:" + ",".join(removed))
    if added:
        lines.append("RDATE:" + ",".join(added))
    for date in removed:
        times.exdate(datetime.strptime(date, "%Y%m%dT%H%M%S"))
    for date in added:
        times.rdate(datetime.strptime(date, "%Y%m%dT%H%M%S"))
    # Before the start, shortly after it, and years later, where a wrong phase shows.
    far = 400 if "HOURLY" in rule else 3000
    ahead = timedelta(days=-1 if rng is None else rng.choice([-1, 100, far]))
    after = first + ahead
    return lines, times, after


def line(lines, times, after):
    found = list(islice(times.xafter(after), 9))
    before = times.before(after)
    until = after + timedelta(days=731)
    form = lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "text": "\n".join(lines),
        "after": form(after),
        "next": [form(t) for t in found[:8]],
        "end": len(found) < 9,
        "prev": before and form(before),
        "count": sum(1 for _ in takewhile(lambda t: t <= until, times.xafter(after))),
    }


def main():
    rng = random.Random(SEED)
    cases = [case(*row) for row in BY_HAND]
    # Also seen from decades later.
    cases += [(lines, times, datetime(2026, 3, 1, 12)) for lines, times, _ in cases if "HOURLY" not in lines[1]]
    wanted = len(cases) + RANDOM_CASES
    while len(cases) < wanted:
        try:
            lines, times, after = case(*random_rule(rng), rng=rng)
        except ValueError:
            continue  # dateutil has seen that no hour of the day fits the step
        # Rules without any date are another test; a few may have none after the instant.
        if next(iter(times), None):
            cases.append((lines, times, after))
    path = Path(__file__).with_name("rrule.jsonl")
    with path.open("w") as out:
        for row in cases:
            out.write(json.dumps(line(*row)) + "\n")
    print(f"{len(cases)} cases written to {path.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
