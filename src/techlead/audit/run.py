"""The whole way of an audit: target -> attacks -> findings -> report, in a budget of seconds and requests."""

from __future__ import annotations

import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from techlead.audit import source
from techlead.audit.attacks.attack import Attack, Harm, Need, Sighting
from techlead.audit.families import attacks as all_attacks
from techlead.audit.finding import Finding, Note, NotTested, Question, Report
from techlead.audit.judge.group import confirmed, finding_of, grouped, ordered, severity_of
from techlead.audit.judge.questions import accepted, settled
from techlead.audit.kinds import KINDS
from techlead.audit.reproduce.program import program
from techlead.audit.reproduce.replay import command, replaying
from techlead.audit.reproduce.verify import shows
from techlead.audit.schedule import Job, jobs
from techlead.audit.site import Budget, RunningSite
from techlead.audit.stable import Pasture, Stable
from techlead.audit.target.exchange import Actor, Answer, Request, Unavailable
from techlead.audit.target.given import Given
from techlead.audit.target.instance import Instance
from techlead.audit.target.launch import launch_of
from techlead.audit.target.people import Send
from techlead.audit.target.remote import Remote, allowed
from techlead.audit.target.understand import Met, counted, meet, settle, understand
from techlead.audit.target.understanding import Understanding
from techlead.audit.written import inferred
from techlead.errors import TargetRefused

LANES: Final = 4
"""Instances under attack at the same time: more than usual cores, because attacks wait more often than they work."""
QUIET_SHARE: Final = 0.2
"""Of the budget, what is kept for attacks that measure time and come last."""
FIRST_SHARE: Final = 0.55
"""Of the time that is left, how much a first strike may take: what is not shown a second time is not told."""
SECONDS: Final = 60.0
EXPLORE_SHARE: Final = 0.25
"""Of the time that is left, how much may go into making each operation succeed once."""
FIRST_SECONDS_MIN: Final = 4.0
"""A first strike is not begun for less: it would show nothing, and take the time of what comes last."""
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
    reproducers: dict[tuple[str, str], str] = field(default_factory=dict)
    """Kind and operation -> the program that was tried."""
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
    return _audited(Stable(given, launch, folder), given, wanted, progress, budget, launch.guessed, folder)


def _audited(
    stable: Stable | Pasture,
    given: Given,
    wanted: Wanted,
    progress: Progress,
    budget: Budget,
    guessed: tuple[str, ...] = (),
    folder: Path | None = None,
) -> Report:
    try:
        progress.doing("starting the target")
        with budget.diary.stretch("prepare"):
            ground = stable.prepare() if isinstance(stable, Stable) else None
        settlement: list[Answer] = []
        known = _understood(stable, ground, given, guessed, wanted.seed, budget, settlement)
        progress.say(counted(known))
        run = _Run(stable, known, wanted, budget, progress, given, tuple(settlement))
        run.everything()
        return run.report(given, source.notes(folder) if folder else ())
    finally:
        stable.close()


def _understood(
    stable: Stable | Pasture,
    ground: Instance | None,
    given: Given,
    guessed: tuple[str, ...],
    seed: int,
    budget: Budget,
    settlement: list[Answer],
) -> Understanding:
    """Get to know the ground and let people settle on it; then explore one copy of it to pieces."""
    diary = budget.diary
    met = None
    settled: Mapping[str, Actor] = {}
    if ground is not None and isinstance(stable, Stable):
        try:
            with diary.stretch("start"):
                ground.start()
            met = _met(ground, given, seed, budget)
            stable.load(met.libraries)
            settled = _settled(ground, met, seed, budget, settlement)
        finally:
            ground.kill()
    with diary.stretch("start to explore"):
        explorer = stable.fresh()
    try:
        met = met or _met(explorer, given, seed, budget)
        with diary.stretch("explore"):
            seconds = budget.left() * EXPLORE_SHARE
            return understand(explorer, met, guessed, seed, _sending(explorer, budget), seconds, settled)
    finally:
        stable.put_away(explorer)


def _met(instance: Instance | Remote, given: Given, seed: int, budget: Budget) -> Met:
    with budget.diary.stretch("meet"):
        return meet(instance, given, seed, _sending(instance, budget))


def _settled(ground: Instance, met: Met, seed: int, budget: Budget, settlement: list[Answer]) -> Mapping[str, Actor]:
    """Let people settle; their sign-ups are kept, because reproducers begin with them."""
    send = _sending(ground, budget)

    def kept(request: Request) -> Answer:
        answer = send(request)
        settlement.append(answer)
        return answer

    with budget.diary.stretch("settle"):
        return settle(ground, met, seed, kept) if met.ways.carries else {}


def _sending(instance: Instance | Remote, budget: Budget) -> Send:
    def send(request: Request) -> Answer:
        budget.spend(1)
        if instance.client is None:
            return Answer(request, 0, error="refused")
        return instance.client.send(request)

    return send


class _Run:
    def __init__(
        self,
        stable: Stable | Pasture,
        known: Understanding,
        wanted: Wanted,
        budget: Budget,
        progress: Progress,
        given: Given,
        settlement: tuple[Answer, ...],
    ) -> None:
        self._given = given
        self._settlement = settlement
        self._stable = stable
        self._known = known
        self._wanted = wanted
        self._budget = budget
        self._progress = progress
        self._lock = threading.Lock()
        self._seen = _Seen()
        self._notebook: dict[str, Any] = {}
        self._has = _possessions(known, runs=isinstance(stable, Stable))

    def everything(self) -> None:
        """Run all jobs: side by side, then those that measure time one by one."""
        plan = jobs([attack for attack in all_attacks() if self._is_wanted(attack) and self._can(attack)])
        held = self._budget.seconds * QUIET_SHARE if any(job.quiet for job in plan) else 0.0
        self._budget.hold(held)
        with ThreadPoolExecutor(LANES, "audit-lane") as lanes:
            try:
                for done in [lanes.submit(self._job, job) for job in plan if not job.quiet]:
                    done.result()
            except BaseException:
                self._budget.end()
                lanes.shutdown(wait=False, cancel_futures=True)
                self._stable.close()
                raise
        self._budget.hold(-held)
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
        focus = {attack.name: self._focus(first[attack.name]) for attack in again}
        second = self._on_fresh(again, focus, first)
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

    def _on_fresh(
        self, group: Sequence[Attack], focus: dict[str, frozenset[str]], before: dict[str, list[Sighting]] | None = None
    ) -> dict[str, list[Sighting]]:
        """Strike with each attack of the group on one fresh instance; what was sighted `before` gets its reproducer."""
        found: dict[str, list[Sighting]] = {attack.name: [] for attack in group}
        if self._budget.left() <= (1.0 if before else FIRST_SECONDS_MIN):
            for attack in group:
                self._miss(
                    attack, f"the budget of {self._wanted.seconds:.0f} seconds was used up: give more with --seconds"
                )
            return found
        began = time.monotonic()
        try:
            instance = self._stable.fresh()
        except (TargetRefused, ConnectionError) as refused:
            for attack in group:
                self._miss(attack, f"a fresh instance did not start: {refused}")
            return found
        self._budget.diary.wrote(f"start for {group[0].name}", began)
        seed = self._wanted.seed + (1 if focus else 0)
        site = RunningSite(instance, self._known, seed, self._budget, self._notebook)
        try:
            for attack in group:
                if not instance.alive():
                    instance.restart()
                site.focus = focus.get(attack.name, frozenset())
                began = time.monotonic()
                found[attack.name] = self._strike(attack, site, 1.0 if before else FIRST_SHARE)
                again = ", once more" if before else ""
                self._budget.diary.wrote(f"{attack.name}{again}", began, len(found[attack.name]))
                if before:
                    self._write_reproducers(
                        attack, confirmed(before[attack.name], found[attack.name]), found[attack.name], site
                    )
        except (TargetRefused, ConnectionError) as refused:
            for attack in group:
                self._miss(attack, f"the target did not come back: {refused}")
        finally:
            self._stable.put_away(instance)
        return found

    def _strike(self, attack: Attack, site: RunningSite, share: float) -> list[Sighting]:
        site.allow(attack.seconds * max(1.0, self._wanted.seconds / SECONDS), share)
        site.people.renew()
        sightings: list[Sighting] = []
        began = time.monotonic()
        try:
            for outcome in attack.strike(site):
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
        self._progress.doing(f"{attack.name}: {time.monotonic() - began:.1f} s", self._budget.requests)
        return sightings

    def _write_reproducers(
        self, attack: Attack, shown: Sequence[Sighting], again: Sequence[Sighting], site: RunningSite
    ) -> None:
        """Write a program for each finding from what was just seen, and keep it when it shows the hole by itself."""
        latest = {(sighting.kind, sighting.operation): sighting for sighting in again}
        for lead in (max(group, key=severity_of) for group in grouped(shown)):
            key = lead.kind, lead.operation
            text = self._program(latest[key], site)
            gentle = attack.harm in (Harm.NONE, Harm.WRITES)
            if text and gentle and site.url and shows(text, site.url):
                with self._lock:
                    self._seen.reproducers[key] = text

    def _program(self, sighting: Sighting, site: RunningSite) -> str | None:
        log_in = self._known.ways.log_in
        try:
            return program(sighting, (*self._settlement, *site.answers()), (log_in.path,) if log_in else ())
        except Exception as error:  # noqa: BLE001 - a finding without a program is still a finding
            self._progress.say(
                f"no program for {sighting.kind} at {sighting.operation}: {type(error).__name__}: {error}"
            )
            return None

    def _reproducer(self, sighting: Sighting) -> str:
        kept = self._seen.reproducers.get((sighting.kind, sighting.operation))
        return kept or replaying(self._given, sighting.kind, sighting.operation, sighting.claim)

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
        found = [finding_of(group, self._reproducer) for group in grouped(seen.sightings)]
        findings, meant = accepted(found, given.answers)
        report = Report(
            target=given.name,
            seconds=round(time.monotonic() - self._budget.started, 1),
            requests=self._budget.requests,
            findings=ordered([*findings, *from_answers]),
            questions=tuple(sorted(open_questions, key=lambda one: one.id)),
            not_tested=tuple(self._not_tested()),
            notes=tuple(dict.fromkeys([*meant, *seen.notes])),
            inferred={**inferred(self._known), "command": list(command(given, "")[:-2])},
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


def _possessions(known: Understanding, *, runs: bool) -> frozenset[Need]:
    """What attacks may count on."""
    has = {Need.PROCESS, Need.LOG, Need.CLOCK, Need.SOURCE, Need.MESSAGES} if runs else set()
    if known.ways.carries:
        has.add(Need.PEOPLE)
    if "admin" in known.ways.roles:
        has.add(Need.ADMIN)
    if known.has_database:
        has.add(Need.DATABASE)
    return frozenset(has)
