"""Companies, their keys, and the reactor's bulk way to them."""

import pytest

from milepost.control.repos import companies, key_spaces
from milepost.control.repos.companies import CompanyDraft, add_company_key, create_company, list_companies
from milepost.control.repos.company_keys import create_companies, find_companies
from milepost.control.repos.company_search import CompanySearch
from milepost.control.session import Database
from milepost.domain.company import META_KEY, Company, CompanyChange, CompanyKey
from milepost.domain.errors import ConflictError, InvalidInputError, NotFoundError
from milepost.testing.business import NOW_MS

ACME = CompanyKey(key_space="SFID", value="001A")


def _names(found: tuple[Company, ...]) -> list[str]:
    return [company.name for company in found]


def test_a_company_is_found_by_any_of_its_keys(database: Database) -> None:
    with database.write() as session:
        acme = create_company(session, CompanyDraft(name="Acme", keys=(ACME,)), now_ms=NOW_MS)
        other = CompanyKey(key_space=META_KEY, value="acme")
        acme = add_company_key(session, acme.id, other, now_ms=NOW_MS)
    with database.read() as session:
        assert companies.find_company_by_key(session, ACME) == acme
        assert companies.find_company_by_key(session, other) == acme
        assert companies.find_company_by_key(session, CompanyKey(key_space="SFID", value="acme")) is None


def test_a_key_names_one_company_only(database: Database) -> None:
    with database.write() as session:
        create_company(session, CompanyDraft(name="Acme", keys=(ACME,)), now_ms=NOW_MS)
        other = create_company(session, CompanyDraft(name="Other"), now_ms=NOW_MS)
        with pytest.raises(ConflictError, match="already names the company 'Acme'"):
            add_company_key(session, other.id, ACME, now_ms=NOW_MS)


def test_adding_a_key_that_the_company_has_changes_nothing(database: Database) -> None:
    with database.write() as session:
        acme = create_company(session, CompanyDraft(name="Acme", keys=(ACME,)), now_ms=NOW_MS)
        assert add_company_key(session, acme.id, ACME, now_ms=NOW_MS) == acme


@pytest.mark.parametrize("value", ["", " 001A", "x" * 513])
def test_a_key_must_have_a_usable_value(database: Database, value: str) -> None:
    draft = CompanyDraft(name="Acme", keys=(CompanyKey(key_space="SFID", value=value),))
    with pytest.raises(InvalidInputError) as refusal, database.write() as session:
        create_company(session, draft, now_ms=NOW_MS)
    assert refusal.value.faults[0].path == "keys[0].value"


def test_a_removed_key_is_free_for_another_company(database: Database) -> None:
    with database.write() as session:
        acme = create_company(session, CompanyDraft(name="Acme", keys=(ACME,)), now_ms=NOW_MS)
        assert companies.remove_company_key(session, acme.id, ACME).keys == ()
        other = create_company(session, CompanyDraft(name="Other", keys=(ACME,)), now_ms=NOW_MS)
        with pytest.raises(NotFoundError):
            companies.remove_company_key(session, acme.id, ACME)
    assert other.keys == (ACME,)


def test_companies_come_by_name_page_by_page(database: Database) -> None:
    with database.write() as session:
        for name in ("b", "a", "b", "c"):
            create_company(session, CompanyDraft(name=name), now_ms=NOW_MS)
        first = list_companies(session, limit=2)
        second = list_companies(session, after=(first[-1].name, first[-1].id), limit=9)
    assert _names(first) == ["a", "b"]
    assert _names(second) == ["b", "c"]


@pytest.mark.parametrize(
    ("search", "names"),
    [("ACM", ["Acme"]), ("01a", ["Acme"]), ("100%", ["100% Wool"]), ("%", ["100% Wool"]), ("q", [])],
)
def test_search_looks_into_names_and_keys_as_plain_text(database: Database, search: str, names: list[str]) -> None:
    with database.write() as session:
        create_company(session, CompanyDraft(name="Acme", keys=(ACME,)), now_ms=NOW_MS)
        create_company(session, CompanyDraft(name="100% Wool"), now_ms=NOW_MS)
        assert _names(list_companies(session, CompanySearch(search=search), limit=9)) == names


def test_the_first_event_about_unknown_keys_makes_companies_named_by_their_values(database: Database) -> None:
    with database.write() as session:
        made = create_companies(session, [("SFID", "1"), ("SFID", "2"), ("SFID", "1")], NOW_MS)
        company = companies.get_company(session, made["SFID", "1"])
        assert companies.count_companies(session) == 2
    assert company.name == "1"
    assert company.is_auto_created
    assert company.keys == (CompanyKey(key_space="SFID", value="1"),)


@pytest.mark.parametrize(
    ("value", "name"),
    [("  un-5 ", "un-5"), ("x" * 600, "x" * 200), ("  ", "“  ”"), (" " * 600, f"“{' ' * 198}”")],
    ids=["outer blanks", "long", "blank", "long and blank"],
)
def test_a_key_of_an_event_is_kept_as_it_came_and_the_name_made_of_it_is_within_bounds(
    database: Database, value: str, name: str
) -> None:
    with database.write() as session:
        made = create_companies(session, [("SFID", value), ("SFID", "un-5"), ("SFID", "x" * 200)], NOW_MS)
        company = companies.get_company(session, made["SFID", value])
        found = companies.find_company_by_key(session, CompanyKey(key_space="SFID", value=value))
        assert CompanyChange(name=company.name).name == name
        assert company.keys == (CompanyKey(key_space="SFID", value=value),)
        assert found == company
        assert company in list_companies(session, CompanySearch(search=value), limit=9)
    assert len(set(made.values())) == 3


def test_the_same_value_in_two_key_spaces_is_two_companies(database: Database) -> None:
    with database.write() as session:
        made = create_companies(session, [("SFID", "1"), (META_KEY, "1")], NOW_MS)
    assert len(set(made.values())) == 2


def test_making_the_same_companies_again_gives_the_same_ones(database: Database) -> None:
    keys = [("SFID", str(number)) for number in range(50)]
    with database.write() as session:
        first = create_companies(session, keys[:30], NOW_MS)
    with database.write() as session:
        again = create_companies(session, keys, NOW_MS + 1)
        assert companies.count_companies(session) == 50
    assert first.items() <= again.items()


def test_bulk_lookups_go_beyond_what_one_statement_can_bind(database: Database) -> None:
    keys = [("SFID", str(number)) for number in range(12_000)]
    with database.write() as session:
        made = create_companies(session, keys, NOW_MS)
    with database.read() as session:
        assert find_companies(session, [*keys, ("SFID", "unknown")]) == made


def test_a_person_vouches_for_an_auto_created_company_by_editing_it(database: Database) -> None:
    with database.write() as session:
        company_id = create_companies(session, [("SFID", "1")], NOW_MS)["SFID", "1"]
        renamed = companies.update_company(session, company_id, CompanyChange(name="Acme", attributes={"tier": "gold"}))
    assert not renamed.is_auto_created
    assert (renamed.name, renamed.attributes) == ("Acme", {"tier": "gold"})


def test_the_metakey_is_always_there_and_altkeys_come_with_their_first_key(database: Database) -> None:
    with database.write() as session:
        create_companies(session, [("SFID", "1"), ("SFID", "2")], NOW_MS)
        key_spaces.create_key_space(session, "Billing", now_ms=NOW_MS)
        with pytest.raises(ConflictError):
            key_spaces.create_key_space(session, "SFID", now_ms=NOW_MS)
        listed = key_spaces.list_key_spaces(session)
    assert [(space.name, space.is_meta_key, space.keys) for space in listed] == [
        (META_KEY, True, 0),
        ("Billing", False, 0),
        ("SFID", False, 2),
    ]
