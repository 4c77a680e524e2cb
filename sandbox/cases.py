"""Every awkward case that a tenant can hold, each with a name that tells what it is.

`case` on an app or a person repeats it for tests. The dates make most of them due on the first day;
their people own nothing else, so that no card mixes two cases unless the case is about that.
"""

from typing import Any

from sandbox.hostile import HOSTILE_NAMES
from sandbox.maker import Maker
from sandbox.tenant import TwinApp, TwinGroup, TwinUser

#: Tenants of Microsoft's own, whose enterprise apps nobody here can renew (design, rule 1).
MICROSOFT_TENANTS = ("f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47")


def add_cases(maker: Maker) -> None:
    """Add all of them."""
    boss = maker.user("Bruno Boss", department="Platform", case="active manager")
    _owners(maker, boss)
    _leavers(maker, boss)
    _nobody(maker)
    _credentials(maker, boss)
    _exclusions(maker, boss)
    _enterprise_apps(maker, boss)
    _hostile(maker, boss)
    _rights(maker)


#: Name of an app -> what its enterprise app may do in Microsoft Graph; and which directory roles it holds.
GRAPH_RIGHTS = {"One of Four Due Apps 1": ["Mail.ReadWrite"], "Several Owners": ["Sites.Selected"]}
DIRECTORY_ROLES = {"One of Four Due Apps 2": ["Global Administrator"]}


def _rights(maker: Maker) -> None:
    """Far-reaching ones, and one that reaches only what was chosen for it."""
    for app in maker.tenant.enterprise_apps():
        app.graph_rights = list(GRAPH_RIGHTS.get(app.display_name or "", ()))
        app.directory_roles = list(DIRECTORY_ROLES.get(app.display_name or "", ()))


def _owners(maker: Maker, boss: TwinUser) -> None:
    """Owners of all kinds, with at least one who counts."""

    def person(name: str, **more: Any) -> TwinUser:
        return maker.user(name, manager=boss, department="Platform", case="awkward owner", **more)

    first, second = person("Sven Several"), person("Sara Several")
    absent = person("Sid Several-Left", account_enabled=False)
    maker.registration(
        "Several Owners", [first, second, absent], [maker.secret(14)], case="several owners, one disabled"
    )
    leavers = [person(f"Left {number:02} Of-Many", account_enabled=False) for number in range(24)]
    last = person("Lena Last-Of-Many")
    maker.registration(
        "Twenty-Five Owners, the Last One Active",
        [*leavers, last],
        [maker.secret(13)],
        case="25 owners, the last active",
    )
    hundred = [person(f"Hundred {number:03} Club") for number in range(100)]
    maker.registration("A Hundred Owners", hundred, [maker.secret(200)], case="100 owners")
    guest = person("Gail Guest", user_type="Guest", has_teams_app=False, teams_app_blocked=True)
    maker.registration("Owned by a Guest", [guest], [maker.secret(12)], case="guest owner")
    blocked = person("Paul Policy-Blocked", has_teams_app=False, teams_app_blocked=True)
    maker.registration("Owner May Not Use the App", [blocked], [maker.secret(11)], case="Teams policy forbids the app")
    new = person("Nina New-To-The-App", has_teams_app=False)
    maker.registration("Owner Without the App Yet", [new], [maker.secret(10)], case="owner without the Teams app")
    without_mail = person("Manu Without-Mailbox", mail=None)
    maker.registration("Owner Without a Mailbox", [without_mail], [maker.secret(9)], case="owner without mail")
    busy = person("Dora Digest")
    for number in range(1, 5):
        maker.registration(
            f"One of Four Due Apps {number}", [busy], [maker.secret(5 * number)], case="many due for one person"
        )
    twins = [person("Tia Twin"), person("Timo Twin")]
    for days, twin in zip((20, 60), twins, strict=True):
        maker.registration("Same Name Twice", [twin], [maker.certificate(days)], case="two apps with one name")


def _leavers(maker: Maker, boss: TwinUser) -> None:
    """Apps without a counting owner whose history leads somewhere."""

    def gone(name: str, manager: TwinUser | None = boss, **more: Any) -> TwinUser:
        return maker.user(name, manager=manager, case="left", **more)

    def lost(
        name: str, owners: list[TwinUser], case: str, *, days: int = 0, listed: bool = False, until: int = 60
    ) -> TwinApp:
        secret = maker.secret(days or maker.chance.randrange(8, 28))
        app = maker.registration(name, owners if listed else [], [secret], case=case)
        maker.owned(app, owners, until=until)
        return app

    lost(
        "Disabled Owner, Manager Active", [gone("Dirk Disabled", account_enabled=False)], "disabled owner", listed=True
    )
    moved = maker.user("Moira Moved-On", manager=boss, case="gave the app up, still here")
    lost("Previous Owner Still Here", [moved], "previous owner active")
    stays, left = maker.user("Stan Stayed", manager=boss), gone("Liz Left", account_enabled=False)
    lost("Two Previous Owners, One Left", [stays, left], "one of two previous owners active")
    deleted = gone("Dina Deleted", deleted_at=maker.at(-9))
    lost("Deleted Owner With History", [deleted], "soft-deleted owner")
    lost("Owner Beyond the Recycle Bin", [gone("Gus Gone", gone=True, deleted_at=maker.at(-90))], "gone owner")
    absent = gone("Marc Manager-Gone", account_enabled=False)
    lost(
        "Owner and Manager Both Left",
        [gone("Olaf Owner-Gone", manager=absent, account_enabled=False)],
        "manager gone too",
    )
    one, two = gone("Lou Loop", account_enabled=False), gone("Lia Loop", account_enabled=False)
    one.manager_id, two.manager_id = two.id, one.id
    lost("Managers in a Circle", [one], "manager loop", days=34)
    myself = gone("Sol Self-Managed", account_enabled=False)
    myself.manager_id = myself.id
    lost("Their Own Manager", [myself], "own manager", days=36)
    top = gone("Tina Top", manager=None, account_enabled=False)
    lost("Left Without a Manager", [top], "no manager", days=38)
    lost("History Too Old", [maker.user("Otto Old-Days", manager=boss)], "history beyond two years", days=40, until=800)
    first, later = maker.user("Fay First", manager=boss), gone("Lars Later", account_enabled=False)
    app = maker.registration(
        "Only the Latest Record Counts", [], [maker.secret(46)], case="older record does not count"
    )
    maker.owned(app, [first], until=300)
    maker.owned(app, [later], since=299, until=30)


def _nobody(maker: Maker) -> None:
    """Apps that lead to nobody."""
    maker.registration("No History At All", [], [maker.secret(16)], case="no history")
    disabled = maker.user("Noah Never-Recorded", account_enabled=False, case="left")
    maker.registration("Disabled Owner, No History", [disabled], [maker.secret(44)], case="disabled owner, no history")
    robot = maker.enterprise("Deployment Robot", owner_organization_id=maker.tenant.tenant_id)
    maker.registration(
        "Owned by a Service Principal", [robot.object_id], [maker.secret(18)], case="service principal owner"
    )
    group = TwinGroup(id=maker.id(), display_name="Platform Team")
    maker.tenant.groups[group.id] = group
    maker.registration("Owned by a Group", [group.id], [maker.secret(42)], case="group owner")


def _credentials(maker: Maker, boss: TwinUser) -> None:
    """Credentials of all kinds, on apps with an ordinary owner each."""
    people = iter(range(1, 100))

    def owner() -> TwinUser:
        return maker.user(f"Kim Keeper-{next(people):02}", manager=boss, department="Data", case="ordinary owner")

    secret, certificate = maker.secret, maker.certificate
    maker.registration("Expired Two Days Ago", [owner()], [secret(-2, hours=2)], case="expired two days ago")
    maker.registration("Expires Within a Day", [owner()], [secret(0, hours=14)], case="day 0")
    maker.registration("Expired a Month Ago", [owner()], [secret(-31)], case="expired a month ago")
    maker.registration("Never Ends", [owner()], [secret(None)], case="no end date")
    eternal = secret(300)
    eternal.end = maker.now.replace(year=9999, month=12, day=31, hour=23, minute=59, second=59)
    maker.registration("Ends in the Year 9999", [owner()], [eternal], case="year 9999")
    # Begun on one day, so that none of them supersedes another.
    unnamed = [secret(days, hours=5, life=300 + days) for days in (6, 22, 90, 180, 360)]
    for each in unnamed:
        each.start = unnamed[0].start
    maker.registration("Five Unnamed Secrets", [owner()], unnamed, case="several unnamed secrets")
    maker.registration(
        "Superseded Secret", [owner()], [secret(10, name="old"), secret(340, name="new")], case="superseded secret"
    )
    maker.registration(
        "Newer but Hardly Longer",
        [owner()],
        [secret(10, name="old", life=180), secret(35, name="new", life=180)],
        case="newer secret that does not supersede",
    )
    maker.registration(
        "Old Expired One Beside a Live One",
        [owner()],
        [secret(-400, name="2024"), secret(250, name="2025")],
        case="long expired beside a live one",
    )
    maker.registration("Seven-Day Secrets", [owner()], [secret(5, name="weekly", life=7)], case="short-lived")
    maker.registration("Certificate Ends Soon", [owner()], [certificate(7)], case="certificate")
    maker.registration("Federated Only", [owner()], [], case="federated only", federated_credentials=2)
    maker.registration("Nothing That Expires", [owner()], [], case="no credentials")
    many = [secret(100 + 10 * number, name=f"key {number}") for number in range(40)]
    maker.registration("Forty Secrets", [owner()], many, case="40 credentials")
    maker.registration("Older Than Its Creation Date", [owner()], [secret(120)], case="created null", created=None)


def _exclusions(maker: Maker, boss: TwinUser) -> None:
    """Due credentials that nobody must be told of."""
    for number, owner_tenant in enumerate(MICROSOFT_TENANTS, 1):
        maker.enterprise(
            f"Microsoft Service {number}",
            [],
            maker.saml(15),
            case="owned by Microsoft",
            owner_organization_id=owner_tenant,
        )
    keeper = maker.user("Dan Disabled-App", manager=boss, case="ordinary owner")
    app = maker.registration(
        "Its Enterprise App Is Disabled", [keeper], [maker.secret(8)], case="enterprise app disabled", enterprise=False
    )
    maker.enterprise(
        app.display_name,
        app_id=app.app_id,
        owner_organization_id=maker.tenant.tenant_id,
        account_enabled=False,
        case="disabled enterprise app",
    )


def _enterprise_apps(maker: Maker, boss: TwinUser) -> None:
    """SAML certificates, and an enterprise app with a secret of its own."""
    other = maker.id()

    def saml(name: str, days: tuple[int, ...], active: int | None, case: str, owners: list[TwinUser]) -> TwinApp:
        pairs = [maker.saml(each) for each in days]
        app = maker.enterprise(
            name,
            owners,
            [entry for pair in pairs for entry in pair],
            case=case,
            single_sign_on_mode="saml",
            owner_organization_id=other,
            tags=["WindowsAzureActiveDirectoryIntegratedApp"],
        )
        if active is not None:
            app.preferred_thumbprint = maker.thumbprint(pairs[active])
        return app

    def owner(name: str) -> TwinUser:
        return maker.user(name, manager=boss, department="IT", case="ordinary owner")

    saml("Travel Booking (SAML)", (14,), 0, "SAML active", [owner("Sam Saml")])
    saml(
        "Old Inactive Beside Newer Active (SAML)",
        (10, 700),
        1,
        "SAML inactive beside newer active",
        [owner("Ina Inactive")],
    )
    saml("Newer Not Yet Active (SAML)", (10, 700), 0, "SAML active beside newer", [owner("Ann Active")])
    saml(
        "No Preferred Certificate (SAML)", (21, 500), None, "SAML without preferred thumbprint", [owner("Neil Neither")]
    )
    leads = saml("Only Mail Addresses Lead On (SAML)", (23,), 0, "SAML with notification mails, no owner", [])
    leads.notification_emails = [f"sso-team@{maker.tenant.domain}"]
    leads.notes = "Ask the travel team."
    maker.enterprise(
        "Enterprise App With a Secret",
        [owner("Eve Enterprise")],
        [maker.secret(15, name="app proxy")],
        case="secret on an enterprise app",
        owner_organization_id=other,
    )
    maker.enterprise(
        "Legacy Reporting",
        [owner("Leo Legacy")],
        [maker.secret(90, name="legacy")],
        case="legacy service principal",
        service_principal_type="Legacy",
        owner_organization_id=maker.tenant.tenant_id,
    )
    maker.enterprise(
        "vm-build-agent",
        [],
        [maker.certificate(45, life=90)],
        case="managed identity",
        service_principal_type="ManagedIdentity",
    )


def _hostile(maker: Maker, boss: TwinUser) -> None:
    """Names that attack whoever shows them; one person owns the short ones, another the longest."""
    reader = maker.user("Hana Hostile-Names", manager=boss, case="owns the hostile names")
    patient = maker.user("Pia Patient", manager=boss, case="owns the longest name")
    for number, (case, name) in enumerate(HOSTILE_NAMES.items()):
        owner = patient if name is not None and len(name) > 1000 else reader
        days = 18 + number if number < 7 or owner is patient else 60 + number
        maker.registration(name, [owner], [maker.secret(days, name=name and name[:60])], case=f"hostile name: {case}")
    maker.user('"><img src=x onerror=alert(1)>', upn=f"quotes@{maker.tenant.domain}", case="hostile person name")
    maker.user("[Click me](https://evil.example/)", upn=f"link@{maker.tenant.domain}", case="hostile person name")
