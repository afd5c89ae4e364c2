"""The whole way of an audit: target -> attacks -> findings -> report, in a budget of seconds and requests."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from techlead.audit import source
from techlead.audit.acquaintance import Acquaintance
from techlead.audit.attacks.attack import Attack, Harm, Need, Sighting
from techlead.audit.doubts import Doubts, Sighted
from techlead.audit.families import SCOUTS
from techlead.audit.families import attacks as all_attacks
from techlead.audit.finding import Finding, Note, NotTested, Question, Report
from techlead.audit.judge.group import confirmed, finding_of, grouped, ordered
from techlead.audit.judge.questions import accepted, settled
from techlead.audit.kinds import KINDS
from techlead.audit.lanes import Lanes
from techlead.audit.programs import Programs, Written
from techlead.audit.reproduce.replay import command
from techlead.audit.reproduce.starting import Start
from techlead.audit.schedule import FRUITFUL, Job, company, early, is_dear, jobs, keeps_order, possessions
from techlead.audit.site import Budget, RunningSite
from techlead.audit.stable import Pasture, Stable
from techlead.audit.stalls import Stalls
from techlead.audit.target.exchange import Unavailable
from techlead.audit.target.given import Given
from techlead.audit.target.launch import Launch, launch_of
from techlead.audit.target.remote import allowed
from techlead.audit.target.understand import acquainted, counted
from techlead.audit.target.understanding import Understanding
from techlead.audit.written import inferred
from techlead.errors import TargetRefused

LANES: Final = 8
"""Instances under attack at the same time: more than usual cores, because attacks wait more often than they work."""
URGENT_LANES: Final = 1
"""More of them, for what is shown a second time."""
DEAR_AGAIN: Final = 2
"""How many of those who may share an instance are shown a second time at once, where starts are dear."""
PROCESSORS: Final = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
DEAR_LANES: Final = PROCESSORS + 1
"""Of the lanes, those that are used where starts are dear: each needs an instance."""
QUIET_SHARE: Final = 0.2
"""Of the budget, what is kept for attacks that measure time and come last."""
FIRST_SHARE: Final = 0.6
"""Of the time that is left, how much a first strike may take: what is not shown a second time is not told."""
SECONDS: Final = 60.0
FIRST_SECONDS_MIN: Final = 4.0
"""A first strike is not begun for less: it would show nothing, and take the time of what comes last."""
AGAIN_SECONDS_MIN: Final = 1.0
URGENT: Final = -1
"""The rank of what is shown a second time: a finding that is certain is worth more than one that may be."""
TRIALS: Final = 1_000
"""The rank of programs that start the target themselves: the time is for attacks first."""
REQUESTS: Final = 200_000
SEED: Final = 20_211


class Progress(Protocol):
    """Who is told what goes on; called from threads."""

    def say(self, text: str) -> None:
        """Something that stays."""
        ...

    def doing(self, text: str, requests: int = 0) -> None:
        """What goes on now."""
        ...

    def found(self, finding: Finding) -> None:
        """A finding that was shown twice."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """How far an audit goes."""

    seconds: float = SECONDS
    requests: int = REQUESTS
    seed: int = SEED
    only: tuple[str, ...] = ()
    """Attacks or families to run alone."""
    kinds: frozenset[str] = frozenset()
    """Kinds to look for alone (a replay)."""


@dataclass(slots=True)
class _Seen:
    """What has come out so far; written by lanes under the lock."""

    sightings: list[Sighting] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    missed: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    """Kind -> reasons why an attack on it could not be carried out."""
    tried: set[str] = field(default_factory=set)
    """Kinds that at least one attack tried to its end."""


def audit(given: Given, wanted: Wanted, progress: Progress) -> Report:
    """Audit a target: one that the audit starts itself, or one that runs already at a URL.

    Raises:
        TargetRefused: The target could not be run or reached; the sentence says what to do next.
    """
    budget = Budget(wanted.seconds, wanted.requests)
    if not given.runs:
        allowed(given.url or "", given.owned_host)
        return _audited(Pasture(given.url or ""), given, wanted, progress, budget)
    folder = given.folder or Path.cwd()
    launch = launch_of(given, folder)
    return _audited(Stable(given, launch, folder), given, wanted, progress, budget, launch, folder)


def _audited(
    stable: Stable | Pasture,
    given: Given,
    wanted: Wanted,
    progress: Progress,
    budget: Budget,
    launch: Launch | None = None,
    folder: Path | None = None,
) -> Report:
    try:
        progress.doing("starting the target")
        with budget.diary.stretch("prepare"):
            ground = stable.prepare() if isinstance(stable, Stable) else None
        acquaintance = Acquaintance(stable, ground, given, launch.guessed if launch else (), wanted.seed, budget)
        met = acquaintance.make()
        start = Start(folder, launch, given.settings, frozenset(given.environment)) if launch and folder else None
        homes = stable.root if isinstance(stable, Stable) else None
        run = _Run(
            stable, wanted, budget, progress, Programs(given, acquaintance.settlement, progress.say, start, homes)
        )
        try:
            if met is not None and ground is not None:
                run.begin(acquainted(met, acquaintance.settled, has_database=ground.database is not None))
            run.learn(acquaintance.explore(met))
            progress.say(counted(run.known))
            run.everything()
        except BaseException:
            run.leave()
            raise
        return run.report(given, source.notes(folder) if folder else ())
    finally:
        stable.close()


class _Run:
    def __init__(
        self,
        stable: Stable | Pasture,
        wanted: Wanted,
        budget: Budget,
        progress: Progress,
        programs: Programs,
    ) -> None:
        self._programs = programs
        self._stable = stable
        self.known = Understanding()
        self._wanted = wanted
        self._budget = budget
        self._progress = progress
        self._lock = threading.Lock()
        self._seen = _Seen()
        self._notebook: dict[str, Any] = {}
        self._begun: set[str] = set()
        """Attacks that were begun before the operations were known."""
        self._doubts = Doubts(lambda: DEAR_AGAIN if self._is_dear() else LANES)
        self._stalls = Stalls(stable, budget, self._notebook, self._is_dear)
        self._has: frozenset[Need] = frozenset()
        several = isinstance(stable, Stable)
        self._lanes = Lanes(LANES if several else 1, "audit-lane", URGENT_LANES if several else 0)
        wanted_attacks = [attack for attack in all_attacks() if self._is_wanted(attack)]
        self._held = budget.seconds * QUIET_SHARE if any(one.harm is Harm.QUIET for one in wanted_attacks) else 0.0
        budget.hold(self._held)

    def begin(self, known: Understanding) -> None:
        """Begin with what needs no more than to sign up and log in."""
        self.learn(known)
        for job in early([attack for attack in all_attacks() if self._is_wanted(attack) and self._could(attack)]):
            self._begun |= {attack.name for attack in job.attacks}
            self._lanes.put(URGENT, partial(self._job, job))

    def _is_dear(self) -> bool:
        return is_dear(self._stable.start_seconds(), self._budget.seconds * PROCESSORS)

    def learn(self, known: Understanding) -> None:
        """Know more."""
        self.known = known
        self._has = possessions(known, runs=isinstance(self._stable, Stable))

    def everything(self) -> None:
        """Run all jobs: side by side, then those that measure time one by one."""
        left = [attack for attack in all_attacks() if self._is_wanted(attack) and attack.name not in self._begun]
        plan = jobs([attack for attack in left if self._can(attack)], dear=self._is_dear())
        if self._is_dear():
            self._spare()
        ranked = [(number, job) for number, job in enumerate(plan) if not job.quiet]
        for need in SCOUTS:
            held = [(number, job) for number, job in ranked if job.needs(need)]
            if held:
                self._lanes.put(0, partial(self._scout, need, held))
                ranked = [one for one in ranked if one not in held]
        self._put(ranked)
        self._lanes.finish()
        self._budget.hold(-self._held)
        for job in plan:
            if job.quiet:
                self._job(job)
                for attack in job.attacks:
                    self._verify(company(attack))

    def _spare(self) -> None:
        """Start little: no more lanes than keep the processors busy, and no time kept for what may wait until the end."""
        self._progress.say(
            f"a start takes {self._stable.start_seconds():.1f} s of the processor: instances are used again"
        )
        self._lanes.narrow(DEAR_LANES)
        self._budget.hold(-self._held)
        self._held = 0.0

    def _put(self, ranked: Iterable[tuple[int, Job]]) -> None:
        for number, job in ranked:
            self._lanes.put(number, partial(self._job, job))

    def _scout(self, need: Need, held: Sequence[tuple[int, Job]]) -> None:
        """Find out what the held jobs need, then have them done; where it was sought in vain, none is begun."""
        attack, found = SCOUTS[need]
        self._progress.doing(attack.name, self._budget.requests)
        for one, site in self._on_fresh([attack], self._wanted.seed, FIRST_SECONDS_MIN):
            self._strike(one, site, FIRST_SHARE)
        if found(self._notebook) is False:
            self._miss_all([one for _, job in held for one in job.attacks], need.value)
            return
        if found(self._notebook):  # who listens for messages waits more than he works
            self._lanes.narrow(LANES)
        self._put(held)

    def leave(self) -> None:
        """Give up at once, and leave nothing behind."""
        self._budget.end()
        self._lanes.leave()
        self._stable.close()
        self._lanes.end()

    def _is_wanted(self, attack: Attack) -> bool:
        named = not self._wanted.only or attack.name in self._wanted.only or attack.family in self._wanted.only
        return named and (not self._wanted.kinds or bool(self._wanted.kinds & set(attack.kinds)))

    def _can(self, attack: Attack) -> bool:
        for need in attack.needs - self._has:
            self._miss(attack, need.value)
        return self._could(attack)

    def _could(self, attack: Attack) -> bool:
        return attack.needs <= self._has

    def _miss(self, attack: Attack, why: str) -> None:
        with self._lock:
            for kind in attack.kinds:
                self._seen.missed[kind][why] = None

    def _job(self, job: Job) -> None:
        """Strike with each attack of the job on one fresh instance; what it sights is shown again as soon as a lane is free."""
        self._progress.doing(job.name, self._budget.requests)
        for attack, site in self._on_fresh(job.attacks, self._wanted.seed, FIRST_SECONDS_MIN):
            sighted = self._strike(attack, site, FIRST_SHARE)
            if sighted and self._doubts.add(Sighted(attack, tuple(sighted))) and not job.quiet:
                self._lanes.put(URGENT, partial(self._verify, company(attack)))

    def _verify(self, key: str) -> None:
        """Strike again on another fresh instance; only what both runs show becomes a finding, with a reproducer that was tried."""
        before = self._doubts.take(key)
        if before:
            self._progress.doing(f"{', '.join(before)}, once more", self._budget.requests)
        attacks = [one.attack for one in before.values()]
        for attack, site in self._on_fresh(attacks, self._wanted.seed + 1, AGAIN_SECONDS_MIN):
            first = before[attack.name].sightings
            site.focus, site.before = self._focus(first), first
            second = self._strike(attack, site, 1.0, "once more")
            shown = confirmed(first, second)
            for group in grouped(shown):
                self._progress.found(finding_of(group, lambda _: ""))
            with self._lock:
                self._seen.sightings += shown
            self._try(attack, self._programs.write(attack, shown, second, site, self.known.ways), site)
        if self._doubts.done(key):
            self._lanes.put(URGENT, partial(self._verify, key))

    def _try(self, attack: Attack, written: Sequence[Written], site: RunningSite) -> None:
        """Try programs at once, or where starts are dear after what shows most, on an instance that nobody needs by then.

        Those that start the target themselves come last of all: the time is for attacks.
        """
        alone = [one for one in written if one.starts]
        if alone:
            self._lanes.put(TRIALS, partial(self._programs.try_alone, alone, self._budget.left))
        here = [one for one in written if not one.starts]
        if here and keeps_order([attack]) and self._is_dear():
            self._lanes.put(len(FRUITFUL), partial(self._try_later, attack, here))
        else:
            self._programs.try_at(here, site.url)

    def _try_later(self, attack: Attack, written: Sequence[Written]) -> None:
        writing = replace(attack, harm=Harm.WRITES)  # a program signs people up, whatever its attack did
        if self._budget.left() > AGAIN_SECONDS_MIN:
            for _, site in self._on_fresh([writing], self._wanted.seed + 1, AGAIN_SECONDS_MIN):
                self._programs.try_at(written, site.url)

    def _focus(self, sightings: Sequence[Sighting]) -> frozenset[str]:
        """The operations to attack again; none when a component was sighted, which needs them all."""
        names = {operation.name for operation in self.known.operations}
        seen = {sighting.operation for sighting in sightings}
        return frozenset(seen) if seen <= names else frozenset()

    def _on_fresh(
        self, attacks: Sequence[Attack], seed: int, seconds_min: float
    ) -> Iterator[tuple[Attack, RunningSite]]:
        """Give each attack the same fresh instance, as long as there is time; what is missed is told."""
        if not attacks:
            return
        if self._budget.left() <= seconds_min:
            self._miss_all(
                attacks, f"the budget of {self._wanted.seconds:.0f} seconds was used up: give more with --seconds"
            )
            return
        try:
            site = self._stalls.site(attacks, self.known, seed)
        except (TargetRefused, ConnectionError) as refused:
            self._miss_all(attacks, f"a fresh instance did not start: {refused}")
            return
        try:
            for attack in attacks:
                if not site.state.alive():
                    site.state.restart()
                yield attack, site
        except (TargetRefused, ConnectionError) as refused:
            self._miss_all(attacks, f"the target did not come back: {refused}")
        finally:
            self._stalls.leave(site, attacks, seed)

    def _miss_all(self, attacks: Sequence[Attack], why: str) -> None:
        for attack in attacks:
            self._miss(attack, why)

    def _strike(self, attack: Attack, site: RunningSite, share: float, again: str = "") -> list[Sighting]:
        site.allow(attack.seconds * max(1.0, self._wanted.seconds / SECONDS), share)
        site.people.renew()
        sightings: list[Sighting] = []
        began = time.monotonic()
        try:
            for outcome in site.strike(attack):
                if isinstance(outcome, Sighting):
                    sightings.append(outcome)
                else:
                    self._take(outcome, attack)
            with self._lock:
                self._seen.tried |= set(attack.kinds)
        except Unavailable as missing:
            self._miss(attack, str(missing))
        except Exception as error:  # noqa: BLE001 - one attack's mistake must not end the audit; it is told
            where = traceback.extract_tb(error.__traceback__)[-1]
            self._miss(
                attack,
                f"the attack {attack.name} broke off: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})",
            )
        what = f"{attack.name}, {again}" if again else attack.name
        self._budget.diary.wrote(what, began, len(sightings))
        self._progress.doing(f"{what}: {time.monotonic() - began:.1f} s", self._budget.requests)
        return sightings

    def _take(self, outcome: Question | NotTested | Note, attack: Attack) -> None:
        with self._lock:
            if isinstance(outcome, Question):
                self._seen.questions.append(outcome)
            elif isinstance(outcome, Note):
                self._seen.notes.append(outcome)
            else:
                self._seen.missed[outcome.kind or attack.kinds[0]][outcome.why] = None

    def report(self, given: Given, notes: Iterable[Note]) -> Report:
        """Put it together."""
        seen = self._seen
        open_questions, from_answers = settled(seen.questions, given.answers)
        found = [finding_of(group, self._programs.of) for group in grouped(seen.sightings)]
        findings, meant = accepted(found, given.answers)
        report = Report(
            target=given.name,
            seconds=round(time.monotonic() - self._budget.started, 1),
            requests=self._budget.requests,
            findings=ordered([*findings, *from_answers]),
            questions=tuple(sorted(open_questions, key=lambda one: one.id)),
            not_tested=tuple(self._not_tested()),
            notes=tuple(dict.fromkeys([*meant, *seen.notes])),
            inferred={**inferred(self.known), "command": list(command(given, "")[:-2])},
            timeline=self._budget.diary.timeline(),
        )
        return source.beside(report, notes)

    def _not_tested(self) -> Iterable[NotTested]:
        for kind in KINDS:
            reasons = self._seen.missed.get(kind, {})
            for why in reasons:
                yield NotTested(kind, why)
            if not reasons and kind not in self._seen.tried:
                yield NotTested(kind, "no attack on it was asked for")
