"""Which identity of Steward holds which right, why, and for which requests: no more than this is asked for.

docs/permissions.md is made from it (`python dev.py docs`). The practice tenant's identities hold exactly these
rights, and tests compare the requests that code sends with the calls listed here.
"""

from dataclasses import dataclass

GRAPH = "Microsoft Graph"
AZURE = "Azure role"
EXCHANGE = "Exchange RBAC for Applications, limited to MAIL_SENDER"
CONNECTOR = "Bot Connector"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One kind of request; `path` is Graph's v1.0 path, or begins with /beta, with {id} where an id stands."""

    method: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One right of one identity."""

    #: scanner, bot, ownerWriter, mail or install.
    identity: str
    #: Whose right it is: Microsoft Graph (application permission), Azure role, ...
    api: str
    #: Its name there.
    right: str
    why: str
    #: Why nothing larger, and how to make it smaller still.
    not_more: str
    #: Settings that name the identity.
    settings: str
    #: '' always needed, otherwise the setting without which it is not.
    only_with: str = ""
    calls: tuple[Call, ...] = ()


def _calls(*lines: str) -> tuple[Call, ...]:
    return tuple(Call(method=method, path=path) for method, path in (line.split(" ", 1) for line in lines))


PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        identity="scanner",
        api=GRAPH,
        right="Application.Read.All",
        why="apps, enterprise apps, their credentials' dates and their owners",
        not_more="least for listing applications; it cannot change anything",
        settings="AZURE_",
        calls=_calls(
            "GET /applications",
            "GET /applications/{id}",
            "GET /applications/{id}/owners",
            "GET /applications/{id}/federatedIdentityCredentials",
            "GET /applications/$count",
            "GET /applications/delta",
            "GET /servicePrincipals",
            "GET /servicePrincipals/$count",
            "GET /servicePrincipals/{id}",
            "GET /servicePrincipals/{id}/owners",
            "GET /servicePrincipals/delta",
            "GET /servicePrincipals/{id}/appRoleAssignments",
        ),
    ),
    Permission(
        identity="scanner",
        api=GRAPH,
        right="RoleManagement.Read.Directory",
        why="whether an app that is to get a new owner holds directory roles",
        not_more="least for role assignments; optional: without it every app counts as privileged, so that an"
        " administrator approves each new owner",
        settings="AZURE_",
        only_with="OWNER_CHANGES=direct",
        calls=_calls("GET /roleManagement/directory/roleAssignments"),
    ),
    Permission(
        identity="scanner",
        api=GRAPH,
        right="User.Read.All",
        why="whether an account is enabled, its mail address and its manager; people who were deleted lately",
        not_more="instead of Directory.Read.All, which would add groups, devices and roles",
        settings="AZURE_",
        calls=_calls(
            "GET /users",
            "GET /users/delta",
            "GET /directory/deletedItems/microsoft.graph.user",
        ),
    ),
    Permission(
        identity="scanner",
        api=GRAPH,
        right="GroupMember.Read.All",
        why="who the admins, the support people and the pilot are",
        not_more="only with a group; ADMIN_USERS, SUPPORT_USERS and PILOT_DEPARTMENTS need no right",
        settings="AZURE_",
        only_with="ADMIN_GROUP_ID, SUPPORT_GROUP_ID or PILOT_GROUP_ID",
        calls=_calls("GET /groups/{id}/transitiveMembers"),
    ),
    Permission(
        identity="scanner",
        api=GRAPH,
        right="AuditLog.Read.All",
        why="when each credential signed in last; who renewed or removed one",
        not_more="least for the beta's report and for the audit log; without it cards do not say when a credential"
        " was last used and who renewed it, and nothing else is missing",
        settings="AZURE_",
        only_with="GRAPH_BETA_LAST_USE or AUDIT_LOG",
        calls=_calls("GET /auditLogs/directoryAudits", "GET /beta/reports/appCredentialSignInActivities"),
    ),
    Permission(
        identity="scanner",
        api=AZURE,
        right="Monitoring Metrics Publisher",
        why="writes the archive's rows",
        not_more="on the one data collection rule, not on the subscription",
        settings="AZURE_",
        only_with="LOGS_DCR_ID",
    ),
    Permission(
        identity="scanner",
        api=AZURE,
        right="Log Analytics Reader",
        why="asks the archive who owned an app before",
        not_more="on the one workspace",
        settings="AZURE_",
        only_with="LOGS_WORKSPACE_ID",
    ),
    Permission(
        identity="bot",
        api=CONNECTOR,
        right="none to grant",
        why="answers messages and sends cards as itself",
        not_more="no right in Graph: a process that only runs the bot needs no other identity",
        settings="MicrosoftApp",
    ),
    Permission(
        identity="install",
        api=GRAPH,
        right="TeamsAppInstallation.ReadWriteSelfForUser.All",
        why="installs Steward's own Teams app for people who must be told and lack it",
        not_more="an app managing itself only; its catalogue id is a setting, so no right to look it up",
        settings="INSTALL_",
        only_with="TEAMS_APP_ID",
        calls=_calls("POST /users/{id}/teamwork/installedApps"),
    ),
    Permission(
        identity="mail",
        api=EXCHANGE,
        right="Mail.Send",
        why="sends e-mail beside the card",
        not_more="granted in Exchange for one mailbox and not in Entra, where it would be every mailbox",
        settings="MAIL_",
        only_with="MAIL_SENDER",
        calls=_calls("POST /users/{id}/sendMail"),
    ),
    Permission(
        identity="ownerWriter",
        api=GRAPH,
        right="Application.ReadWrite.All, Directory.Read.All",
        why="makes the accepted and approved person an owner",
        not_more="off unless set, and never the scanner's identity: who may write owners may add credentials. A custom"
        " Entra role with `microsoft.directory/applications/owners/update` is narrower; whether Graph accepts it"
        " alone was not tried on a real tenant",
        settings="OWNER_WRITE_",
        only_with="OWNER_WRITE_CLIENT_ID",
        calls=_calls(
            "GET /applications/{id}/owners",
            "GET /servicePrincipals/{id}/owners",
            "POST /applications/{id}/owners/$ref",
            "POST /servicePrincipals/{id}/owners/$ref",
        ),
    ),
)
