"""Installs Steward's Teams app for people who do not have it; the identity is the manifest's webApplicationInfo.id."""

from urllib.parse import quote

from alerts.errors import GraphError, Outcome
from graph.client import GraphClient
from graph.sending import OneWrite, delivery_error

#: DeliveryError.code when the tenant's Teams policy keeps the app from this person.
BLOCKED_BY_POLICY = "blockedByPolicy"


class GraphInstaller:
    """The AppInstaller over Graph; needs TeamsAppInstallation.ReadWriteSelfForUser.All."""

    def __init__(self, client: GraphClient, *, teams_app_id: str) -> None:
        """`teams_app_id` is the catalogue's id, not the manifest's; configured, it needs no right to look it up."""
        self._writes = OneWrite(client)
        self._app = f"{client.identity.base_url}/appCatalogs/teamsApps/{quote(teams_app_id, safe='')}"

    async def install(self, person_id: str) -> None:
        """Install, or find it installed. Raises DeliveryError."""
        path = f"/users/{quote(person_id, safe='')}/teamwork/installedApps"
        error = await self._writes.post(path, {"teamsApp@odata.bind": self._app})
        if error is None or error.status == 409:
            return
        outcome = _outcome(error)
        if outcome is Outcome.UNREACHABLE and error.status == 403:
            error.code = BLOCKED_BY_POLICY
        raise delivery_error(error, outcome)


def _outcome(error: GraphError) -> Outcome:
    """Installing twice is answered 409, so every answer that does not refuse may be followed by another try."""
    words = str(error).lower()
    if error.status in (408, 429) or error.status >= 500:
        return Outcome.SAFE
    if error.status == 403 and "polic" in words:
        return Outcome.UNREACHABLE
    if error.status == 404 and "app" in words and "user" not in words:
        return Outcome.OURS  # removed from the catalogue, or a wrong TEAMS_APP_ID
    # A guest, a person without a Teams licence, or one who is gone: these never get the app.
    return Outcome.UNREACHABLE if error.status in (400, 404) else Outcome.OURS
