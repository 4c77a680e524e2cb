"""People in bulk: users, their managers, service principals, leavers, and ids that are nowhere."""

import re
from typing import Any

import pytest

from alerts.errors import GraphError
from alerts.model import Person, PersonKind
from graph.people import GraphPeople
from tests.graph.scripted import Answer, Bench, error, page


def oid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012x}"


ANA, BEN, MIA, ELI, TOM, ADA = (oid(number) for number in range(0xA0, 0xA6))
PIPELINE, NOBODY = oid(0xB0), oid(0xC0)


def user(person_id: str, name: str, manager: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": person_id,
        "displayName": name,
        "accountEnabled": True,
        "mail": f"{name.lower()}@example.com",
        "userPrincipalName": f"{name.lower()}@example.com",
        "userType": "Member",
        "department": "Sales",
        "preferredLanguage": "de-DE",
        **({"manager": {"@odata.type": "#microsoft.graph.user", "id": manager}} if manager else {}),
        **more,
    }


class Directory:
    """Answers `id in (...)` parts and the list of deleted users from what a test puts in."""

    def __init__(self, bench: Bench) -> None:
        self.users = [
            user(ANA, "Ana", MIA),
            user(BEN, "Ben", MIA, accountEnabled=False),
            user(MIA, "Mia", ADA),
            user(ADA, "Ada", MIA),
        ]
        self.principals: list[dict[str, Any]] = [{"id": PIPELINE, "displayName": "Pipeline", "accountEnabled": True}]
        self.deleted: list[dict[str, Any]] = []
        self.refused: dict[str, Answer] = {}
        bench.graph.part = self.part
        bench.graph.script = {"/directory/deletedItems/": [Answer(body={"value": self.deleted})]}

    def part(self, url: str) -> Answer | None:
        for path, answer in self.refused.items():
            if url.startswith(path):
                return answer
        items = {"/users?": self.users, "/servicePrincipals?": self.principals}
        for path, known in items.items():
            if url.startswith(path):
                asked = set(re.findall(r"'([0-9a-f-]{36})'", url))
                assert 0 < len(asked) <= 15
                return page(*(item for item in known if item["id"] in asked))
        return None


@pytest.fixture
def directory(bench: Bench) -> Directory:
    return Directory(bench)


async def people(bench: Bench, *ids: str, managers: bool = False) -> dict[str, Person]:
    return await GraphPeople(bench.reader()).people(ids, managers=managers)


async def test_a_person_comes_with_account_contact_and_manager(bench: Bench, directory: Directory) -> None:
    assert await people(bench, ANA) == {
        ANA: Person(
            id=ANA,
            display_name="Ana",
            user_principal_name="ana@example.com",
            mail="ana@example.com",
            account_enabled=True,
            user_type="Member",
            department="Sales",
            preferred_language="de-DE",
            manager_id=MIA,
        )
    }


async def test_managers_come_along_with_their_own_accounts(bench: Bench, directory: Directory) -> None:
    found = await people(bench, ANA, BEN, managers=True)

    assert set(found) == {ANA, BEN, MIA}
    assert found[MIA].account_enabled
    assert found[MIA].manager_id == ADA
    assert not found[BEN].counts


async def test_managers_who_are_asked_for_anyway_cost_no_second_round(bench: Bench, directory: Directory) -> None:
    found = await people(bench, ANA, MIA, ADA, managers=True)

    assert set(found) == {ANA, MIA, ADA}
    assert len(bench.graph.asked) == 1


async def test_a_manager_who_is_his_own_is_no_loop(bench: Bench, directory: Directory) -> None:
    directory.users.append(user(ELI, "Eli", ELI))

    assert set(await people(bench, ELI, managers=True)) == {ELI}


async def test_a_service_principal_is_told_apart_and_never_counts(bench: Bench, directory: Directory) -> None:
    found = await people(bench, ANA, PIPELINE)

    assert found[PIPELINE].kind is PersonKind.SERVICE_PRINCIPAL
    assert found[PIPELINE].display_name == "Pipeline"
    assert not found[PIPELINE].counts


async def test_a_deleted_user_comes_from_the_deleted_items(bench: Bench, directory: Directory) -> None:
    directory.deleted += [user(TOM, "Tom"), user(ELI, "Eli")]

    found = await people(bench, TOM)

    assert set(found) == {TOM}
    assert found[TOM].deleted
    assert not found[TOM].account_enabled
    assert found[TOM].display_name == "Tom"
    assert not found[TOM].counts


async def test_an_id_that_is_nowhere_is_absent(bench: Bench, directory: Directory) -> None:
    assert await people(bench, NOBODY) == {}


async def test_ids_are_found_whatever_their_case_and_under_the_one_asked(bench: Bench, directory: Directory) -> None:
    found = await people(bench, ANA.upper())

    assert found[ANA.upper()].id == ANA


async def test_text_that_is_no_object_id_is_never_sent(bench: Bench, directory: Directory) -> None:
    assert await people(bench, "x') or startswith(displayName,'a", "", ANA + "'") == {}
    assert bench.graph.asked == []


async def test_4000_people_cost_14_requests_and_their_managers_few_more(bench: Bench, directory: Directory) -> None:
    ids = [oid(number) for number in range(0x1000, 0x1000 + 4000)]
    managers = [oid(number) for number in range(0x9000, 0x9000 + 300)]
    directory.users = [user(id_, f"P{n}", managers[n % 300]) for n, id_ in enumerate(ids)]
    directory.users += [user(id_, "Chief", MIA) for id_ in managers]
    reader = bench.reader()

    found = await GraphPeople(reader).people(ids, managers=True)

    assert len(found) == 4300
    assert reader.usage.requests == 15
    assert reader.usage.resource_units == 2 * (267 + 20)


async def test_managers_and_ids_that_are_no_users_are_found_whichever_request_named_them(
    bench: Bench, directory: Directory
) -> None:
    ids = [oid(number) for number in range(0x1000, 0x1000 + 700)]
    managers = [oid(number) for number in range(0x9000, 0x9000 + 620)]
    directory.users = [user(id_, f"P{n}", managers[n]) for n, id_ in enumerate(ids[:620])]
    directory.users += [user(id_, "Chief", ids[0]) for id_ in managers]
    directory.principals = [{"id": id_, "displayName": "Robot", "accountEnabled": True} for id_ in ids[620:660]]
    directory.deleted += [user(id_, "Gone") for id_ in [*ids[660:690], NOBODY]]

    found = await people(bench, *ids, managers=True)

    assert set(found) == {*ids[:690], *managers}
    kinds = [found[id_].kind for id_ in ids[:690]]
    assert kinds == [PersonKind.USER] * 620 + [PersonKind.SERVICE_PRINCIPAL] * 40 + [PersonKind.USER] * 30
    assert [id_ for id_ in ids[:690] if found[id_].deleted] == ids[660:690]
    # Three requests for the ids, three for the managers, one for service principals, one for deleted users.
    assert len(bench.graph.asked) == 8


async def test_a_refused_request_is_the_last_but_for_those_under_way(bench: Bench, directory: Directory) -> None:
    directory.refused["/users?"] = error(403, "Authorization_RequestDenied", "no User.Read.All")

    with pytest.raises(GraphError, match=r"User\.Read\.All"):
        await people(bench, *(oid(number) for number in range(0x1000, 0x1000 + 9000)))

    assert len(bench.graph.asked) <= bench.reader().parallel_batches


async def test_equal_texts_of_people_are_one_object(bench: Bench, directory: Directory) -> None:
    directory.users += [user(ELI, "Eli", MIA)]

    found = await people(bench, ANA, ELI, managers=True)

    assert found[ANA].department is found[ELI].department
    assert found[ANA].manager_id is found[MIA].id


async def test_one_user_that_cannot_be_read_takes_nobody_along(bench: Bench, directory: Directory) -> None:
    directory.users += [{**user(ELI, "Eli"), "id": None}, user(TOM, "T\x00om")]
    known = directory.part

    def part(url: str) -> Answer | None:
        answer = known(url)
        if answer is not None and url.startswith("/users?"):
            answer.body["value"] += [item for item in directory.users if item["id"] is None]
        return answer

    bench.graph.part = part

    found = await people(bench, ANA, TOM)

    assert set(found) == {ANA, TOM}
    assert found[TOM].display_name == "T\ufffdom"


async def test_a_user_with_an_odd_property_is_not_taken_for_gone(bench: Bench, directory: Directory) -> None:
    odd = {**user(ELI, "Eli", displayName=7, mail=None, accountEnabled="yes"), "manager": "x"}
    directory.users.append(odd)

    (eli,) = (await people(bench, ELI)).values()

    assert (eli.display_name, eli.mail, eli.manager_id, eli.account_enabled) == ("", "", "", False)


async def test_managers_are_read_whole_where_graph_refuses_to_select_in_expand(
    bench: Bench, directory: Directory
) -> None:
    directory.refused["/users?$filter"] = error(400, "Request_BadRequest")
    known = directory.part

    def part(url: str) -> Answer | None:
        return known(url) if "manager($select=id)" in url else page(*directory.users[:1])

    bench.graph.part = part
    finder = GraphPeople(bench.reader())

    assert (await finder.people([ANA]))[ANA].manager_id == MIA
    assert (await finder.people([ANA]))[ANA].manager_id == MIA
    assert len(bench.graph.asked) == 3


async def test_half_the_people_is_no_answer(bench: Bench, directory: Directory) -> None:
    directory.refused["/users?"] = error(403, "Authorization_RequestDenied", "no User.Read.All")

    with pytest.raises(GraphError, match=r"User\.Read\.All"):
        await people(bench, ANA)


async def test_group_members_are_the_users_of_nested_groups_too(bench: Bench) -> None:
    group = oid(1)
    members = [
        {"@odata.type": "#microsoft.graph.user", "id": ANA},
        {"@odata.type": "#microsoft.graph.group", "id": oid(2)},
        {"@odata.type": "#microsoft.graph.servicePrincipal", "id": PIPELINE},
    ]
    bench.graph.script = {
        f"/groups/{group}/transitiveMembers?$skiptoken": [page({"@odata.type": "#microsoft.graph.user", "id": BEN})],
        f"/groups/{group}/transitiveMembers": [
            page(*members, following=bench.graph.link(f"/groups/{group}/transitiveMembers?$skiptoken=2"))
        ],
    }

    assert await GraphPeople(bench.reader()).group_members(group) == [ANA, BEN]


async def test_a_group_that_is_gone_is_an_error_and_not_an_empty_group(bench: Bench) -> None:
    with pytest.raises(GraphError):
        await GraphPeople(bench.reader()).group_members(oid(9))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("an", "startswith(displayName,'an')"),
        ("O'Brien", "startswith(displayName,'O''Brien')"),
        ("ana@example.com", "userPrincipalName eq 'ana@example.com' or mail eq 'ana@example.com'"),
    ],
)
async def test_people_are_found_by_name_and_address(bench: Bench, text: str, condition: str) -> None:
    bench.graph.script = {"/users?": [page(user(ANA, "Ana"), user(BEN, "Ben", accountEnabled=False))]}

    found = await GraphPeople(bench.reader()).find(f" {text} ")

    assert [person.id for person in found] == [ANA]
    assert f"$filter={condition}" in bench.graph.paths()[0]


async def test_people_are_found_by_object_id(bench: Bench, directory: Directory) -> None:
    finder = GraphPeople(bench.reader())

    assert [person.id for person in await finder.find(ANA)] == [ANA]
    assert await finder.find(BEN) == []
    assert await finder.find("  ") == []
