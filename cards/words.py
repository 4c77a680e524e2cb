"""What an organisation says about itself on every card and e-mail, and the addresses that buttons lead to."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from alerts.model import Application, ApplicationType, Person

#: A guest's holds "#EXT#"; Entra allows 113 characters.
_UPN = re.compile(r"[\w.'#+-]{1,80}@[\w.-]{1,100}")
#: Fragments of the admin centre's addresses, as its own address bar shows them.
_CREDENTIALS = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials/appId/{app_id}/isMSAApp~/false"
_OWNERS = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Owners/appId/{app_id}/isMSAApp~/false"
_SIGN_ON = (
    "#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/SignOn/objectId/{object_id}/appId/{app_id}"
    "/preferredSingleSignOnMode/saml/servicePrincipalType/Application/fromNav/"
)
_ENTERPRISE_OWNERS = (
    "#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Owners/objectId/{object_id}/appId/{app_id}"
    "/preferredSingleSignOnMode~/null/servicePrincipalType/Application/fromNav/"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The operator's own words, from settings."""

    #: Whose Steward this is, for the footer; '' leaves it out.
    org_name: str = ""
    #: Whom to ask, for the footer.
    help_text: str = ""
    #: https page behind the footer, '' none.
    help_url: str = ""
    #: Own page for renewing, with {app_id} and {object_id}; '' leads to the admin centre.
    renew_url: str = ""
    #: The cloud's admin centre.
    portal_url: str = "https://entra.microsoft.com"
    #: The cloud's Teams.
    teams_url: str = "https://teams.microsoft.com"
    #: Language of the reader, such as "en" or "de-CH"; see cards.text.spoken.
    language: str = "en"
    #: The bot's app id: with it, links lead straight into its chat.
    bot_app_id: str = ""
    #: Id of the Teams app in the catalogue, for the link that installs it; '' unknown.
    teams_app_id: str = ""

    @property
    def chat_link(self) -> str:
        """Address of the chat with the bot, '' without a bot app id."""
        if not self.bot_app_id:
            return ""
        return f"{self.teams_url}/l/chat/0/0?users=28:{quote(self.bot_app_id, safe='')}"

    @property
    def app_link(self) -> str:
        """Address at which the Teams app can be installed, '' without its id."""
        return f"{self.teams_url}/l/app/{quote(self.teams_app_id, safe='')}" if self.teams_app_id else ""

    def chat_with(self, person: Person) -> str:
        """Address of a chat with a person, '' for one without a proper user principal name."""
        if not _UPN.fullmatch(person.user_principal_name):
            return ""
        return f"{self.teams_url}/l/chat/0/0?users={quote(person.user_principal_name, safe='@')}"

    def renew_link(self, application: Application) -> str:
        """Where this app's secrets and certificates are renewed; always https."""
        own = _filled(self.renew_url, application) if self.renew_url else ""
        if is_https(own):
            return own
        return self._portal(application, _CREDENTIALS, _SIGN_ON)

    def owners_link(self, application: Application) -> str:
        """Where this app's owners are changed by hand."""
        return self._portal(application, _OWNERS, _ENTERPRISE_OWNERS)

    def _portal(self, application: Application, registration: str, enterprise: str) -> str:
        is_registration = application.type is ApplicationType.APP_REGISTRATION
        fragment = registration if is_registration else enterprise
        return f"{self.portal_url.rstrip('/')}/{_filled(fragment, application)}"


def _filled(template: str, application: Application) -> str:
    """The template with the app's ids, each quoted; other braces stay."""
    filled = template.replace("{app_id}", quote(application.app_id, safe=""))
    return filled.replace("{object_id}", quote(application.object_id, safe=""))


def is_https(url: str) -> bool:
    """Whether a card may lead there: https, with a host, without anything that could break out of it."""
    if not url or any(character.isspace() or not character.isprintable() for character in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
