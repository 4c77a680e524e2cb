"""What the auditor finds, repairs and says: silence is noticed, and a healthy house says nothing."""

from datetime import timedelta

import pytest

from alerts.auditor import OVERDUE
from alerts.errors import DeliveryError, Outcome
from alerts.gate import MODE
from alerts.model import RunStatus
from alerts.problems import PROMISES, AuditReport, ProblemKind, stored_report
from alerts.sending import Sending
from alerts.views import StatusReport
from tests.alerts.watching import Watched
from tests.alerts.world import DAY, World


@pytest.fixture
async def watched(world: World) -> Watched:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    return Watched(world)


async def test_a_healthy_house_has_no_problem(watched: Watched) -> None:
    report = await watched.look()

    assert report.well
    assert (report.due, report.difference, dict(report.states)) == (1, 0, {"delivered": 1})
    assert [] == watched.alarm_cards()


async def test_the_report_is_kept_for_every_replica(watched: Watched) -> None:
    await watched.run_ended(RunStatus.PARTIAL, "Graph answered 503 on page 6")
    report = await watched.look()
    async with watched.world.store.reading() as tx:
        kept = await stored_report(tx)

    assert report == kept
    assert AuditReport.from_json(report.to_json()) == report


async def test_a_notice_that_no_message_carries_is_put_into_one(watched: Watched) -> None:
    await watched.lose("ana")
    report = await watched.look()
    await watched.world.worker.drain()

    assert (2, True) == (report.repaired, report.well)
    assert {"ana": 2} == watched.world.told()
    assert 0 == (await watched.look()).repaired


async def test_what_is_repaired_under_hold_is_held(watched: Watched) -> None:
    async with watched.world.store.transaction() as tx:
        await tx.set_value(MODE, Sending.HOLD.value)
    await watched.lose("ana")
    before = watched.world.told()
    report = await watched.look()
    await watched.world.worker.drain()

    assert 2 == report.repaired
    assert before == watched.world.told()


@pytest.mark.parametrize(("status", "kind"), [(RunStatus.PARTIAL, "scanPartial"), (RunStatus.FAILED, "scanFailed")])
async def test_a_scan_that_could_not_read_everything_is_a_problem(
    watched: Watched, status: RunStatus, kind: str
) -> None:
    await watched.run_ended(status, "Graph answered 503 on page 6")

    assert [kind] == await watched.kinds()


async def test_a_scan_that_is_missed_is_noticed_within_a_day_and_a_bit(watched: Watched) -> None:
    watched.world.now += timedelta(hours=25)
    assert [] == await watched.kinds()
    watched.world.now += timedelta(hours=2)

    assert ["scanMissed"] == await watched.kinds()


async def test_a_process_that_has_just_begun_does_not_complain_of_what_it_found(watched: Watched) -> None:
    watched.settled = False
    watched.worker_lives = False
    watched.world.now += 3 * DAY

    assert [] == await watched.kinds()


async def test_a_message_that_nobody_sends_is_overdue(watched: Watched) -> None:
    watched.world.app("payroll", ("eli",), watched.world.secret(20.5))
    await watched.world.scan()
    watched.world.now += OVERDUE + timedelta(minutes=1)

    assert ["overdue"] == await watched.kinds()
    await watched.world.worker.drain()
    assert [] == await watched.kinds()


async def test_a_message_that_waits_for_days_is_late_and_not_without_a_next_step(watched: Watched) -> None:
    watched.world.app("payroll", ("eli",), watched.world.secret(20.5))
    await watched.world.scan()
    watched.world.now += 3 * DAY

    assert ["scanMissed", "overdue"] == await watched.kinds()


async def test_workers_that_are_not_heard_of_are_noticed(watched: Watched) -> None:
    await watched.look()
    watched.worker_lives = False
    watched.world.now += timedelta(minutes=6)

    assert ["workersSilent"] == await watched.kinds()


async def test_the_admins_status_names_what_the_auditor_found(watched: Watched) -> None:
    await watched.look()
    watched.worker_lives = False
    watched.world.now += timedelta(minutes=6)
    await watched.look()
    status = await watched.world.desk.status("ada")

    assert isinstance(status, StatusReport)
    assert ["problem.workersSilent"] == [sentence.key for sentence in status.problems]


async def test_our_own_fault_on_a_channel_is_noticed_at_once(watched: Watched) -> None:
    world = watched.world
    world.app("payroll", ("eli",), world.secret(20.5))
    world.inbox.failures["eli"] = [DeliveryError("the secret has expired", outcome=Outcome.OURS, code="401")]
    await world.scan()
    await world.worker.drain()

    assert ["teamsFailing"] == await watched.kinds()


async def test_one_failed_try_is_no_problem(watched: Watched) -> None:
    world = watched.world
    world.app("payroll", ("eli",), world.secret(20.5))
    world.inbox.failures["eli"] = [DeliveryError("refused", outcome=Outcome.SAFE, code="unreachable")]
    await world.scan()
    await world.worker.drain()

    assert [] == await watched.kinds()


async def test_a_message_that_is_refused_for_good_is_spoken_of_for_a_day(watched: Watched) -> None:
    world = watched.world
    world.app("payroll", ("eli",), world.secret(20.5))
    world.mailbox.failures = [DeliveryError("too large", outcome=Outcome.POISON, code="413")]
    await world.scan()
    await world.worker.drain()
    assert ["deadLetters"] == await watched.kinds()
    world.now += DAY

    assert [] == await watched.kinds()


async def test_log_analytics_being_away_is_noticed_after_an_hour_and_tried_again(watched: Watched) -> None:
    watched.spool.since = watched.world.now
    assert [] == await watched.kinds()
    watched.world.now += timedelta(hours=2)
    assert ["uploadFailing"] == await watched.kinds()
    assert 1 == watched.spool.asked
    watched.spool.away = False

    assert [] == await watched.kinds()


async def test_books_that_do_not_add_up_are_a_problem(watched: Watched) -> None:
    async with watched.world.store.transaction() as tx:
        await tx.set_value("due", "3")

    assert ["ledgerDiffers"] == await watched.kinds()


async def test_events_that_do_not_reach_the_archive_are_a_problem(watched: Watched) -> None:
    await watched.look()
    watched.world.app("payroll", ("eli",), watched.world.secret(20.5))
    await watched.world.day(0)
    watched.world.now += OVERDUE + timedelta(minutes=1)
    report = await watched.auditor.once()

    assert "eventsStuck" in [problem.kind for problem in report.problems]


async def test_a_problem_keeps_the_time_at_which_it_began(watched: Watched) -> None:
    watched.clock_trouble = "it moved by +40 days"
    first = (await watched.look()).problems[0]
    watched.world.now += timedelta(minutes=15)
    again = (await watched.look()).problems[0]

    assert (ProblemKind.CLOCK_JUMPED, first.since) == (again.kind, again.since)


def test_every_problem_breaks_a_named_promise() -> None:
    assert set(ProblemKind) == set(PROMISES)
