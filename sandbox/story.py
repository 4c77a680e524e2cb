"""The cast of the practice tenant: ana owns, ben left, mia is his manager, eli takes over, tom looks on, ada is admin."""

from typing import Any

from sandbox.maker import LATE, Maker
from sandbox.tenant import TwinUser

INVOICE_EXPORT = "Invoice Export"
VENDOR_PORTAL_SYNC = "Vendor Portal Sync"


def add_story(maker: Maker) -> None:
    """Add the cast and their apps: two are due on the first day, ana's and the one that ben left behind."""
    people = _people(maker)
    maker.tenant.cast = {name: user.id for name, user in people.items()}
    ana, ben, eli, tom = (people[name] for name in ("ana", "ben", "eli", "tom"))

    maker.registration(
        INVOICE_EXPORT,
        [ana],
        [maker.secret(30, name="prod-2025", hours=LATE)],
        case="story: ana's secret",
        notes="Exports invoices to the accounting system every night.",
        service_management_reference="CMDB-1042",
        reply_urls=[f"https://invoices.{maker.tenant.domain}/signin-oidc"],
    )
    vendor = maker.registration(
        VENDOR_PORTAL_SYNC,
        [],
        [maker.secret(7, name="sync", hours=LATE)],
        case="story: ben owned it",
        notes="Keeps the vendor portal in step with purchasing.",
        service_management_reference="CMDB-2077",
        reply_urls=[f"https://vendors.{maker.tenant.domain}/auth/callback"],
    )
    maker.owned(vendor, [ben], until=243)
    for name, days in (("Vendor Rating", 150), ("Purchase Archive", 300)):
        app = maker.registration(name, [eli], [maker.secret(days, name="main")], case="story: ben's, now eli's")
        app.history.clear()
        maker.owned(app, [ben], until=243)
        maker.owned(app, [eli], since=242, until=1)
    maker.registration("Lunch Menu", [tom], [maker.secret(200, name="menu")], case="story: tom's, not due")


def _people(maker: Maker) -> dict[str, TwinUser]:
    def person(name: str, department: str, **more: Any) -> TwinUser:
        first = name.split(maxsplit=1)[0].lower()
        return maker.user(
            name,
            upn=f"{first}@{maker.tenant.domain}",
            department=department,
            preferred_language="en-GB",
            case="story",
            **more,
        )

    chief = maker.user(
        "Clara Castellan", department="Management", preferred_language="en-GB", case="manager of managers"
    )
    mia = person("Mia Meyer", "Purchasing", manager=chief)
    people = {
        "ana": person("Ana Alvarez", "Finance", manager=chief),
        "ben": person("Ben Bauer", "Purchasing", manager=mia, account_enabled=False),
        "mia": mia,
        # Without the app, so that the question to him shows how Steward installs itself.
        "eli": person("Eli Okafor", "Purchasing", manager=mia, has_teams_app=False),
        "tom": person("Tom Turner", "Facilities"),
        "ada": person("Ada Adams", "IT", manager=chief),
    }
    desk = maker.user(
        "Service Desk",
        upn=f"servicedesk@{maker.tenant.domain}",
        department="IT",
        preferred_language="en-GB",
        case="told when nobody else can be",
    )
    maker.tenant.fallback_ids = [desk.id]
    mailbox = maker.user(
        "Steward", upn=f"steward@{maker.tenant.domain}", department="IT", has_teams_app=False, case="mailbox"
    )
    maker.tenant.mail_sender = mailbox.upn
    return people
