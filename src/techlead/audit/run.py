"""The whole way of an audit: target -> attacks -> findings -> report, in a budget of seconds and requests."""

from __future__ import annotations

import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from techlead.audit import source
from techlead.audit.attacks import attacks as all_attacks
from techlead.audit.attacks.attack import Attack, Need, Sighting
from techlead.audit.finding import Finding, Note, NotTested, Question, Report
from techlead.audit.judge.group import confirmed, finding_of, grouped, ordered
from techlead.audit.judge.questions import settled
from techlead.audit.kinds import KINDS
from techlead.audit.reproduce.program import program
from techlead.audit.reproduce.replay import replaying
from techlead.audit.schedule import Job, jobs
from techlead.audit.site import Budget, RunningSite
from techlead.audit.stable import Stable
from techlead.audit.target.exchange import Answer, Request, Unavailable
from techlead.audit.target.given import Given
from techlead.audit.target.launch import launch_of
from techlead.audit.target.understand import counted, understand
from techlead.audit.target.understanding import Understanding
from techlead.audit.written import inferred
from techlead.errors import TargetRefused

LANES: Final = 3
"""Instances under attack at the same time: one more than cores, because attacks wait as often as they work."""
SECONDS: Final = 60.0
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
    reproducers: dict[int, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    missed: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    """Kind -> reasons why an attack on it could not be carried out."""
    tried: set[str] = field(default_factory=set)
    """Kinds that at least one attack tried to its end."""


def audit(given: Given, wanted: Wanted, progress: Progress) -> Report:
    """Audit a target that the audit starts itself.

    Raises:
        TargetRefused: The target could not be run; the sentence says what to do next.
    """
    folder = given.folder or Path.cwd()
    launch = launch_of(given, folder)
    budget = Budget(wanted.seconds, wanted.requests)
    stable = Stable(given, launch, folder)
    try:
        progress.doing("starting the target")
        stable.prepare()
        known = _understood(stable, given, launch.guessed, wanted.seed, budget)
        progress.say(counted(known))
        run = _Run(stable, known, wanted, budget, progress, given)
        run.everything()
        return run.report(given, source.notes(folder))
    finally:
        stable.close()


def _understood(stable: Stable, given: Given, guessed: tuple[str, ...], seed: int, budget: Budget) -> Understanding:
    instance = stable.fresh()

    def send(request: Request) -> Answer:
        budget.spend(1)
        if instance.client is None:
            return Answer(request, 0, error="refused")
        return instance.client.send(request)

    try:
        return understand(instance, given, guessed, seed, send)
    finally:
        stable.put_away(instance)


class _Run:
    def __init__(self, stable: Stable, known: Understanding, wanted: Wanted, budget: Budget, progress: Progress, given: Given) -> None:
        self._given = given
        self._stable = stable
        self._known = known
        self._wanted = wanted
        self._budget = budget
        self._progress = progress
        self._lock = threading.Lock()
        self._seen = _Seen()
        self._notebook: dict[str, Any] = {}
        self._has = _possessions(known, has_database=True)

    def everything(self) -> None:
        """Run all jobs: side by side, then those that measure time one by one."""
        plan = jobs([attack for attack in all_attacks() if self._is_wanted(attack) and self._can(attack)])
        with ThreadPoolExecutor(LANES, "audit-lane") as lanes:
            try:
                for done in [lanes.submit(self._job, job) for job in plan if not job.quiet]:
                    done.result()
            except BaseException:
                lanes.shutdown(wait=False, cancel_futures=True)
                self._stable.close()
                raise
        for job in plan:
            if job.quiet:
                self._job(job)

    def _is_wanted(self, attack: Attack) -> bool:
        named = not self._wanted.only or attack.name in self._wanted.only or attack.family in self._wanted.only
        return named and (not self._wanted.kinds or bool(self._wanted.kinds & set(attack.kinds)))

    def _can(self, attack: Attack) -> bool:
        missing = attack.needs - self._has
        for need in missing:
            self._miss(attack, need.value)
        return not missing

    def _miss(self, attack: Attack, why: str) -> None:
        with self._lock:
            for kind in attack.kinds:
                self._seen.missed[kind][why] = None

    def _job(self, job: Job) -> None:
        self._progress.doing(job.name, self._budget.requests)
        first = self._on_fresh(job.attacks, {})
        if not any(first.values()):
            return
        again = tuple(attack for attack in job.attacks if first[attack.name])
        self._progress.doing(f"{job.name}, once more", self._budget.requests)
        second = self._on_fresh(again, {attack.name: self._focus(first[attack.name]) for attack in again})
        for attack in again:
            for group in grouped(confirmed(first[attack.name], second[attack.name])):
                self._progress.found(finding_of(group, lambda _: ""))
                with self._lock:
                    self._seen.sightings += group

    def _focus(self, sightings: Sequence[Sighting]) -> frozenset[str]:
        """The operations to attack again; none when a component was sighted, which needs them all."""
        names = {operation.name for operation in self._known.operations}
        seen = {sighting.operation for sighting in sightings}
        return frozenset(seen) if seen <= names else frozenset()

    def _on_fresh(self, group: Sequence[Attack], focus: dict[str, frozenset[str]]) -> dict[str, list[Sighting]]:
        """Strike with each attack of the group on one fresh instance."""
        found: dict[str, list[Sighting]] = {attack.name: [] for attack in group}
        if self._budget.left() <= 1:
            for attack in group:
                self._miss(attack, f"the budget of {self._wanted.seconds:.0f} seconds was used up: give more with --seconds")
            return found
        try:
            instance = self._stable.fresh()
        except (TargetRefused, ConnectionError) as refused:
            for attack in group:
                self._miss(attack, f"a fresh instance did not start: {refused}")
            return found
        seed = self._wanted.seed + (1 if focus else 0)
        site = RunningSite(instance, self._known, seed, self._budget, self._notebook)
        try:
            for attack in group:
                if not instance.alive():
                    instance.restart()
                site.focus = focus.get(attack.name, frozenset())
                found[attack.name] = self._strike(attack, site)
        except (TargetRefused, ConnectionError) as refused:
            for attack in group:
                self._miss(attack, f"the target did not come back: {refused}")
        finally:
            self._stable.put_away(instance)
        return found

    def _strike(self, attack: Attack, site: RunningSite) -> list[Sighting]:
        site.allow(attack.seconds)
        sightings: list[Sighting] = []
        began = time.monotonic()
        try:
            for outcome in attack.strike(site):
                if isinstance(outcome, Sighting):
                    sightings.append(outcome)
                    self._write_reproducer(outcome, site)
                else:
                    self._take(outcome, attack)
            with self._lock:
                self._seen.tried |= set(attack.kinds)
        except Unavailable as missing:
            self._miss(attack, str(missing))
        except Exception as error:  # noqa: BLE001 - one attack's mistake must not end the audit; it is told
            where = traceback.extract_tb(error.__traceback__)[-1]
            self._miss(attack, f"the attack {attack.name} broke off: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})")
        self._progress.doing(f"{attack.name}: {time.monotonic() - began:.1f} s", self._budget.requests)
        return sightings

    def _write_reproducer(self, sighting: Sighting, site: RunningSite) -> None:
        log_in = self._known.ways.log_in
        try:
            text = program(sighting, site.answers(), (log_in.path,) if log_in else ())
        except Exception as error:  # noqa: BLE001 - as above: a finding without a program is still a finding
            self._progress.say(f"no reproducer for {sighting.kind} at {sighting.operation}: {type(error).__name__}: {error}")
            text = None
        if text is None:
            text = replaying(self._given, sighting.kind, sighting.operation, sighting.claim)
        with self._lock:
            self._seen.reproducers[id(sighting)] = text

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
        findings = [finding_of(group, lambda one: seen.reproducers.get(id(one), "")) for group in grouped(seen.sightings)]
        report = Report(
            target=given.name,
            seconds=round(time.monotonic() - self._budget.started, 1),
            requests=self._budget.requests,
            findings=ordered([*findings, *from_answers]),
            questions=tuple(sorted(open_questions, key=lambda one: one.id)),
            not_tested=tuple(self._not_tested()),
            notes=tuple(dict.fromkeys(seen.notes)),
            inferred=inferred(self._known),
        )
        return source.beside(report, notes)

    def _not_tested(self) -> Iterable[NotTested]:
        for kind in KINDS:
            reasons = self._seen.missed.get(kind, {})
            for why in reasons:
                yield NotTested(kind, why)
            if not reasons and kind not in self._seen.tried:
                yield NotTested(kind, "no attack on it was asked for")


def _possessions(known: Understanding, *, has_database: bool) -> frozenset[Need]:
    """What attacks may count on."""
    has = {Need.PROCESS, Need.LOG, Need.CLOCK, Need.SOURCE, Need.MESSAGES}
    if known.ways.carries:
        has.add(Need.PEOPLE)
    if "admin" in known.ways.roles:
        has.add(Need.ADMIN)
    if has_database:
        has.add(Need.DATABASE)
    return frozenset(has)


