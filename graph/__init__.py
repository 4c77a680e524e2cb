"""Microsoft Graph: the only room that imports msgraph; reads apps and people, writes owners, sends mail."""
