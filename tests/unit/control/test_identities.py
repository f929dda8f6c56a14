"""Who is who, as readers get it from the control plane."""

import threading

from milepost.control.directory import IdentitySource
from milepost.control.repos.combining import combine, restore, separate, set_aside
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.company_keys import create_companies
from milepost.control.revisions import Scope, raise_revision
from milepost.control.session import Database
from milepost.domain.company import Standing
from milepost.domain.identities import Identities
from milepost.testing.business import NOW_MS


def test_identities_follow_combining_separating_and_setting_aside(database: Database) -> None:
    source = IdentitySource(database)
    with database.write() as session:
        a, b, c = (create_company(session, CompanyDraft(name=one), now_ms=NOW_MS).id for one in "abc")
    assert source() == Identities()
    with database.write() as session:
        combine(session, b, [c], actor="ada", now_ms=NOW_MS)
        combine(session, a, [b], actor="ada", now_ms=NOW_MS)
    assert source() == Identities(primary_of={b: a, c: a})
    assert (source().resolve(c), source().resolve(a)) == (a, a)
    assert set(source().members(a)) == {a, b, c}
    with database.write() as session:
        set_aside(session, a, now_ms=NOW_MS)
    assert source().hidden == {a, b, c}
    with database.write() as session:
        restore(session, a, now_ms=NOW_MS)
        separate(session, a, [b], actor="ada", now_ms=NOW_MS)
    assert source() == Identities(primary_of={c: b})


def test_identities_are_read_anew_only_when_they_have_changed(database: Database) -> None:
    source = IdentitySource(database)
    first = source()
    with database.write() as session:
        create_company(session, CompanyDraft(name="a"), now_ms=NOW_MS)
    assert source() is first
    with database.write() as session:
        create_companies(session, [("SFID", "1")], NOW_MS, Standing.UNMATCHED)
        raise_revision(session, Scope.IDENTITIES)
    assert len(source().hidden) == 1


def test_threads_that_ask_at_once_get_the_same(database: Database) -> None:
    source = IdentitySource(database)
    found: list[Identities] = []
    threads = [threading.Thread(target=lambda: found.append(source())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1


def test_what_would_be_combined_is_known_before_it_is(database: Database) -> None:
    with database.write() as session:
        a, b = (create_company(session, CompanyDraft(name=one), now_ms=NOW_MS).id for one in "ab")
        (held,) = create_companies(session, [("SFID", "1")], NOW_MS, Standing.UNMATCHED).values()
        combine(session, b, [held], actor="ada", now_ms=NOW_MS)
    ahead = IdentitySource(database)().with_combined(a, [b])
    assert ahead == Identities(primary_of={b: a, held: a})
