"""Assigning milestones and outcomes, ticking, and recording what the judge finds."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from milepost.control.repos import assigned, auto_assign, copies, metrics, milestones, outcomes, plans
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.company_keys import create_companies
from milepost.control.repos.plan_changes import Act, Place
from milepost.control.repos.transitions import page_transitions, record_progress, record_transitions
from milepost.control.session import Database
from milepost.domain.errors import ConflictError, InvalidInputError, NotFoundError
from milepost.domain.milestone import AssignedMilestone, ManualAction, MilestoneState, Transition
from milepost.domain.outcome import OutcomeDraft, OutcomeState, WeightedMilestone
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.testing.business import NOW_MS, add_business, milestone_draft

LATER_MS = NOW_MS + 1_000
ACT = Act("ada@example.com", LATER_MS)


def _companies(session: Session, *names: str) -> tuple[UUID, ...]:
    return tuple(create_company(session, CompanyDraft(name=name), now_ms=NOW_MS).id for name in names)


def _reached(
    copy: AssignedMilestone, from_state: MilestoneState, to_state: MilestoneState, at_ms: int = LATER_MS
) -> Transition:
    return Transition(
        company_id=copy.company_id,
        subject="milestone",
        subject_id=copy.id,
        name=copy.definition.name,
        from_state=from_state,
        to_state=to_state,
        at=to_datetime(at_ms),
        recorded_at=to_datetime(LATER_MS + 5),
        reason="the number of purchases rose to 5",
        value=5.0,
    )


def test_assigning_copies_the_definition_and_later_edits_leave_the_copy(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = _companies(session, "Acme")
        assert plans.assign_milestone(session, shop.milestone.id, [acme], now_ms=NOW_MS) == 1
        edited = milestone_draft(shop.metric.id).model_copy(update={"name": "6 purchases"})
        milestones.update_milestone(session, shop.milestone.id, edited)
        (copy,) = assigned.list_assigned_milestones(session, [acme])
    assert copy.definition.name == "5 purchases"
    assert (copy.state, copy.assigned_at, copy.ticks) == (MilestoneState.NOT_STARTED, to_datetime(NOW_MS), {})


def test_assigning_again_changes_nothing(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        both = _companies(session, "Acme", "Bolt")
        assert plans.assign_milestone(session, shop.milestone.id, [both[0], both[0]], now_ms=NOW_MS) == 1
        before = assigned.list_assigned_milestones(session, both)
        assert plans.assign_milestone(session, shop.milestone.id, both, now_ms=LATER_MS) == 1
        assert before[0] in assigned.list_assigned_milestones(session)
        assert len(assigned.list_assigned_milestones(session)) == 2


def test_companies_that_do_not_exist_are_named(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = _companies(session, "Acme")
        with pytest.raises(InvalidInputError) as refusal:
            plans.assign_milestone(session, shop.milestone.id, [acme, UUID(int=1)], now_ms=NOW_MS)
    assert [fault.path for fault in refusal.value.faults] == ["company_ids[1]"]


def test_an_outcome_brings_its_milestones(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = _companies(session, "Acme")
        assert plans.assign_outcome(session, shop.outcome.id, [acme], now_ms=NOW_MS) == 1
        (outcome,) = assigned.list_assigned_outcomes(session, [acme])
        (copy,) = assigned.list_assigned_milestones(session, [acme])
    assert copy.outcome_id == outcome.id
    assert outcome.milestones == shop.outcome.milestones
    assert (outcome.name, outcome.state, outcome.progress) == ("A loyal customer", OutcomeState.NOT_STARTED, 0.0)


def test_two_outcomes_share_a_companys_milestone(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = _companies(session, "Acme")
        second = OutcomeDraft(name="Second", milestones=(WeightedMilestone(milestone_id=shop.milestone.id),))
        second_id = outcomes.create_outcome(session, second, now_ms=NOW_MS).id
        plans.assign_outcome(session, shop.outcome.id, [acme], now_ms=NOW_MS)
        plans.assign_outcome(session, second_id, [acme], now_ms=NOW_MS)
        assert len(assigned.list_assigned_outcomes(session)) == 2
        assert len(assigned.list_assigned_milestones(session)) == 1


def test_assigned_to_all_reaches_every_company_there_is_and_only_those(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        _companies(session, "Acme", "Bolt")
        reached = auto_assign.assign_milestone_to_all(
            session, shop.milestone.id, new_companies_too=False, now_ms=NOW_MS
        )
        create_companies(session, [("SFID", "1")], NOW_MS)
        auto_assign.assign_missing(session, NOW_MS)
        assert reached == len(assigned.list_assigned_milestones(session)) == 2


def test_assigned_to_all_and_new_ones_reaches_companies_that_events_make(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        auto_assign.assign_milestone_to_all(session, shop.milestone.id, new_companies_too=True, now_ms=NOW_MS)
        auto_assign.assign_outcome_to_all(session, shop.outcome.id, new_companies_too=True, now_ms=NOW_MS)
        made = create_companies(session, [("SFID", "1"), ("SFID", "2")], LATER_MS)
        assert auto_assign.assign_missing(session, LATER_MS) == 2
        assert auto_assign.assign_missing(session, LATER_MS) == 0
        copies = assigned.list_assigned_milestones(session)
        assert {copy.company_id for copy in copies} == set(made.values())
        assert {copy.assigned_at for copy in copies} == {to_datetime(LATER_MS)}
        assert len(assigned.list_assigned_outcomes(session)) == 2
        assert milestones.get_milestone(session, shop.milestone.id).assigns_new_companies


def test_what_a_person_takes_off_a_plan_stays_off(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        auto_assign.assign_milestone_to_all(session, shop.milestone.id, new_companies_too=True, now_ms=NOW_MS)
        (company,) = create_companies(session, [("SFID", "1")], NOW_MS).values()
        auto_assign.assign_missing(session, NOW_MS)
        assert plans.unassign_milestone(session, shop.milestone.id, [company], now_ms=LATER_MS) == 1
        auto_assign.assign_missing(session, NOW_MS)
        assert assigned.list_assigned_milestones(session) == ()


def test_a_milestone_that_an_outcome_counts_on_is_unassigned_after_the_outcome(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = _companies(session, "Acme")
        plans.assign_outcome(session, shop.outcome.id, [acme], now_ms=NOW_MS)
        with pytest.raises(ConflictError, match="A loyal customer"):
            plans.unassign_milestone(session, shop.milestone.id, [acme], now_ms=LATER_MS)
        assert plans.unassign_outcome(session, shop.outcome.id, [acme], now_ms=LATER_MS) == 1
        (kept,) = assigned.list_assigned_milestones(session, [acme])
        assert kept.outcome_id is None
        assert plans.unassign_milestone(session, shop.milestone.id, [acme], now_ms=LATER_MS) == 1


def test_definitions_in_use_by_companies_are_not_deleted(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        plans.assign_outcome(session, shop.outcome.id, _companies(session, "Acme"), now_ms=NOW_MS)
        with pytest.raises(ConflictError, match="assigned to 1 companies"):
            outcomes.delete_outcome(session, shop.outcome.id)
        with pytest.raises(ConflictError, match="assigned to 1 companies"):
            milestones.delete_milestone(session, shop.milestone.id)
        with pytest.raises(ConflictError, match="5 purchases"):
            metrics.delete_metric(session, shop.metric.id)


def test_manual_actions_are_ticked_and_unticked(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        plans.assign_milestone(session, shop.milestone.id, _companies(session, "Acme"), now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        ticked = copies.tick_action(session, copy.id, 1, to_datetime(LATER_MS), ACT)
        assert ticked.ticks == {1: to_datetime(LATER_MS)}
        assert assigned.list_assigned_milestones(session) == (ticked,)
        assert copies.untick_action(session, copy.id, 1, ACT) == copies.untick_action(session, copy.id, 1, ACT) == copy


def test_automatic_actions_are_not_ticked(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        plans.assign_milestone(session, shop.milestone.id, _companies(session, "Acme"), now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        with pytest.raises(InvalidInputError, match="manual"):
            copies.tick_action(session, copy.id, 0, to_datetime(NOW_MS), ACT)
        for place in (2, -1):
            with pytest.raises(NotFoundError, match="2 actions"):
                copies.tick_action(session, copy.id, place, to_datetime(NOW_MS), ACT)


def test_a_companys_copy_can_be_changed_and_keeps_the_ticks_that_still_mean_the_same(database: Database) -> None:
    call = ManualAction(name="Call to say thanks", affects_achievement=False)
    with database.write() as session:
        shop = add_business(session)
        plans.assign_milestone(session, shop.milestone.id, _companies(session, "Acme"), now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        copies.tick_action(session, copy.id, 1, to_datetime(LATER_MS), ACT)
        automatic = copy.definition.actions[0]
        for actions, ticks in (
            ((automatic, call, ManualAction(name="Visit")), {1: to_datetime(LATER_MS)}),
            ((automatic, ManualAction(name="Visit")), {}),
        ):
            draft = copy.definition.model_copy(update={"actions": actions})
            assert copies.update_assigned_milestone(session, copy.id, draft, ACT).ticks == ticks


def test_transitions_set_the_state_and_stay_in_the_timeline(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = _companies(session, "Acme")
        plans.assign_milestone(session, shop.milestone.id, [acme], now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        steps = (
            _reached(copy, MilestoneState.NOT_STARTED, MilestoneState.IN_PROGRESS),
            _reached(copy, MilestoneState.IN_PROGRESS, MilestoneState.ACHIEVED),
        )
        assert record_transitions(session, steps) == 2
        after = assigned.get_assigned_milestone(session, copy.id)
        assert (after.state, after.state_at) == (MilestoneState.ACHIEVED, to_datetime(LATER_MS))
        assert [one for _, one in page_transitions(session, company_id=acme, limit=9)] == list(reversed(steps))
        assert milestones.count_milestone_states(session) == {shop.milestone.id: {MilestoneState.ACHIEVED: 1}}


def test_recording_the_same_transitions_again_leaves_no_second_trace(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        plans.assign_milestone(session, shop.milestone.id, _companies(session, "Acme"), now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        step = _reached(copy, MilestoneState.NOT_STARTED, MilestoneState.ACHIEVED)
        assert record_transitions(session, [step]) == 1
        assert record_transitions(session, [step]) == 0
        assert len(page_transitions(session, limit=9)) == 1


def test_the_instant_of_a_state_is_corrected_once(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        plans.assign_milestone(session, shop.milestone.id, _companies(session, "Acme"), now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        record_transitions(session, [_reached(copy, MilestoneState.NOT_STARTED, MilestoneState.ACHIEVED)])
        earlier = _reached(copy, MilestoneState.ACHIEVED, MilestoneState.ACHIEVED, NOW_MS - 1)
        assert record_transitions(session, [earlier]) == 1
        assert record_transitions(session, [earlier]) == 0
        assert assigned.get_assigned_milestone(session, copy.id).state_at == to_datetime(NOW_MS - 1)


def test_a_transition_of_what_was_unassigned_meanwhile_leaves_no_trace(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        (acme,) = _companies(session, "Acme")
        plans.assign_milestone(session, shop.milestone.id, [acme], now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        plans.unassign_milestone(session, shop.milestone.id, [acme], now_ms=LATER_MS)
        assert record_transitions(session, [_reached(copy, MilestoneState.NOT_STARTED, MilestoneState.ACHIEVED)]) == 0


def test_the_timeline_is_read_page_by_page_newest_first(database: Database) -> None:
    states = list(MilestoneState)
    with database.write() as session:
        shop = add_business(session)
        plans.assign_milestone(session, shop.milestone.id, _companies(session, "Acme"), now_ms=NOW_MS)
        (copy,) = assigned.list_assigned_milestones(session)
        steps = [_reached(copy, states[n], states[n + 1], LATER_MS + n // 2) for n in range(4)]
        record_transitions(session, steps)
        first = page_transitions(session, limit=3)
        last_id, last = first[-1]
        rest = page_transitions(session, before=Place(LATER_MS + 5, to_unix_ms(last.at), last_id), limit=3)
    assert [one for _, one in (*first, *rest)] == list(reversed(steps))


def test_progress_is_set_in_bulk(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        plans.assign_outcome(session, shop.outcome.id, _companies(session, "Acme", "Bolt"), now_ms=NOW_MS)
        first, second = assigned.list_assigned_outcomes(session)
        record_progress(session, {first.id: 0.5})
        assert {one.id: one.progress for one in assigned.list_assigned_outcomes(session)} == {
            first.id: 0.5,
            second.id: 0.0,
        }
        assert outcomes.count_outcome_states(session) == {shop.outcome.id: {OutcomeState.NOT_STARTED: 2}}


def test_copies_are_read_page_by_page_and_by_state(database: Database) -> None:
    with database.write() as session:
        shop = add_business(session)
        plans.assign_outcome(session, shop.outcome.id, _companies(session, *"abcde"), now_ms=NOW_MS)
        first = assigned.page_assigned_milestones(session, milestone_id=shop.milestone.id, limit=3)
        rest = assigned.page_assigned_milestones(session, after=first[-1].id, limit=3)
        record_transitions(session, [_reached(first[1], MilestoneState.NOT_STARTED, MilestoneState.MISSED)])
        missed = assigned.page_assigned_milestones(session, state=MilestoneState.MISSED, limit=3)
        plans_of_one = assigned.page_assigned_outcomes(session, company_id=first[0].company_id, limit=3)
    assert len({copy.id for copy in (*first, *rest)}) == 5
    assert [copy.id for copy in missed] == [first[1].id]
    assert [outcome.id for outcome in plans_of_one] == [first[0].outcome_id]
